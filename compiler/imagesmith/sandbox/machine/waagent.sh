#!/bin/sh
# Stands in for the Azure Linux Agent: `waagent -force -deprovision+user` does what the agent does to the system.
# Its other duties concern the real Azure only.
set -u

force=no
action=
for argument; do
    case $argument in
    -force | --force) force=yes ;;
    -verbose | --verbose) ;;
    -deprovision | --deprovision) action=deprovision ;;
    -deprovision+user | --deprovision+user) action=deprovision+user ;;
    -version | --version | version) action=version ;;
    -help | --help | help) action=help ;;
    -start | --start | -daemon | --daemon) exit 0 ;;
    *) action=help ;;
    esac
done

case $action in
version)
    echo 'WALinuxAgent stand-in of the imagesmith sandbox'
    exit 0
    ;;
deprovision*) ;;
*)
    echo 'usage: waagent [-verbose] [-force] [-help|-deprovision[+user]|-version|-start]'
    exit 0
    ;;
esac

if [ "$(id -u)" != 0 ]; then
    echo 'waagent has to be run as root' >&2
    exit 1
fi
echo 'WARNING! The waagent service will be stopped.'
echo 'WARNING! Cached DHCP leases will be deleted.'
echo 'WARNING! root password will be disabled. You will not be able to login as root.'
user=
if [ $action = deprovision+user ]; then
    user=$(cat /var/lib/waagent/imagesmith-user 2>/dev/null)
    echo "WARNING! $user account and entire home directory will be deleted."
fi
if [ $force = no ]; then
    printf 'Do you want to proceed (y/n)'
    read -r reply || reply=n
    case $reply in [yY]*) ;; *) exit 1 ;; esac
fi

rm -f /etc/ssh/ssh_host_*key*
: >/etc/machine-id
rm -f /root/.bash_history
usermod -p '*' root 2>/dev/null
if [ -n "$user" ]; then
    # The user has processes: the session that runs this.
    userdel -f -r "$user" 2>/dev/null
    rm -f /etc/sudoers.d/90-cloud-init-users /etc/sudoers.d/waagent
fi
rm -rf /var/lib/waagent
mkdir -p /var/lib/waagent
date -u +%Y-%m-%dT%H:%M:%SZ >/var/lib/waagent/deprovisioned
exit 0
