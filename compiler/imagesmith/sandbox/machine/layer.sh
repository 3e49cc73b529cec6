#!/bin/sh
# Makes a VM of a container image: what every Linux VM on Azure has and minimal images lack.
set -eu

install() {
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -q -y --no-install-recommends sudo openssh-server openssh-client ca-certificates python3 \
            systemd systemd-sysv dbus cron curl wget gnupg lsb-release procps iproute2
        apt-get clean
    elif command -v tdnf >/dev/null; then
        tdnf install -y sudo openssh-server openssh-clients ca-certificates python3 systemd dbus cronie curl wget \
            procps-ng iproute shadow-utils util-linux tar
    elif command -v dnf >/dev/null; then
        dnf install -y --allowerasing sudo openssh-server openssh-clients ca-certificates python3 systemd dbus cronie \
            curl wget procps-ng iproute passwd tar
    elif command -v yum >/dev/null; then
        yum install -y sudo openssh-server openssh-clients ca-certificates python3 systemd dbus cronie curl wget \
            procps-ng iproute passwd tar
    elif command -v zypper >/dev/null; then
        zypper --non-interactive install sudo openssh ca-certificates python3 systemd dbus-1 cron curl wget procps \
            iproute2 shadow tar
    else
        echo 'no package manager known here' >&2
        return 1
    fi
}

for program in sudo /usr/sbin/sshd ssh python3 curl /lib/systemd/systemd wget ip; do
    command -v "$program" >/dev/null || { install; break; }
done

[ -e /sbin/init ] || ln -s /lib/systemd/systemd /sbin/init
chmod 0755 /usr/sbin/waagent
mkdir -p /var/lib/waagent
# A container has no consoles to log in at, and no login uid to set.
systemctl mask getty.target console-getty.service systemd-firstboot.service >/dev/null 2>&1 || true
systemctl disable systemd-networkd-wait-online.service >/dev/null 2>&1 || true
sed -i 's/^session\(.*\)required\(.*pam_loginuid.so\)/session\1optional\2/' /etc/pam.d/sshd 2>/dev/null || true

# What cloud-init does before sshd starts: host keys for a machine from a generalized image, which has none.
cat >/etc/systemd/system/imagesmith-host-keys.service <<'UNIT'
[Unit]
Description=Make SSH host keys where there are none
Before=ssh.service sshd.service
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable imagesmith-host-keys.service >/dev/null 2>&1
# Connections do not come through ssh.service; its folder under /run has to outlive its restarts for them.
for unit in ssh sshd; do
    mkdir -p /etc/systemd/system/$unit.service.d
    printf '[Service]\nRuntimeDirectoryPreserve=yes\n' >/etc/systemd/system/$unit.service.d/imagesmith.conf
done
# Images keep tools from starting services while they are built; a VM does start them.
rm -f /usr/sbin/policy-rc.d
