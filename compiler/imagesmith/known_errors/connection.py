"""What Packer says about the way to the machine and to Azure, about time, and about itself."""

from __future__ import annotations

from imagesmith.known_errors.row import STEP, row

PACKER_ITSELF = (
    row(
        "plugin-missing",
        r"Missing plugins|plugins are required, but not installed|failed loading|Unknown (?:source|provisioner|builder)"
        r"(?: type)?|plugin.{0,60}could not be found",
        cause="Packer does not find a plugin that the build needs, or cannot load it",
        remedy="see `imagesmith doctor`; install it with `imagesmith toolchain install`, or name its folder with"
        " --plugin-path",
        source="https://github.com/hashicorp/packer/issues/11972",
    ),
    row(
        "plugin-crashed",
        r"unexpected EOF|^panic:|\bpanic: |PACKER CRASH|plugin exited before we could connect|connection is shut down",
        cause="Packer or its plugin has crashed, and could not clean up",
        remedy="run `imagesmith sweep`; use another version of the azure plugin; the crash stands in the run's log",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/456",
    ),
    row(
        "local-disk-full",
        r"no space left on device|not enough space on the disk",
        cause="the disk of this machine (the one that runs imagesmith) is full",
        remedy="make space in the temporary folder and in the state folder",
        source="packer.md §4.6",
    ),
)

CONNECTION = (
    row(
        "ssh-authentication",
        r"ssh: unable to authenticate|no supported methods remain",
        cause="the machine answers over SSH, but does not accept the build's key",
        remedy="look whether the source image allows logins with keys, and ssh-rsa signatures (azure plugin 2 or newer"
        " does without)",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/191",
    ),
    row(
        "machine-not-reached",
        r"Timeout waiting for (?:SSH|WinRM)|ssh: handshake failed|dial tcp [^ ]+:(?:22|598[56]): ",
        cause="the machine was made, but could not be reached in time: it did not boot, or a network rule is between",
        remedy="try again (--retries 1); look whether port 22 or 5986 is open from here (network security group, route,"
        " firewall) and whether a larger vmSize boots faster",
        source="https://github.com/hashicorp/packer/issues/8658",
        transient=True,
    ),
    row(
        "script-lost-connection",
        r"Script disconnected unexpectedly|exit status:? (?:16001|2300218)\b",
        cause="the connection to the machine was lost while the script ran: it restarted the machine, the network or"
        " the remote service",
        remedy="restart in a step of its own (WindowsRestart; on Linux in the last line of a step); for a connection"
        " that is only weak use --step-retries",
        source="winrm.md §5.5; https://github.com/hashicorp/packer/issues/5646",
        where=STEP,
    ),
    row(
        "step-timed-out",
        r"Cancelling provisioner after a timeout",
        cause="the step took longer than its time limit",
        remedy="give it more time with --step-timeout, or look in its last lines at what it waits for",
        source="packer.md §6",
        where=STEP,
    ),
    row(
        "deadline",
        r"context deadline exceeded",
        cause="an operation in Azure took longer than Packer waits for it; publishing to many regions is the usual one",
        remedy="look in Azure whether it has finished meanwhile; name fewer regions, raise buildTimeoutInMinutes, or"
        " use the newest azure plugin",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/36",
    ),
    row(
        "clock-wrong",
        r"certificate has expired or is not yet valid|certificate is not yet valid|certificate has expired",
        cause="by the clock of this machine the other side's certificate does not hold yet, or not any more",
        remedy="set the clock (timedatectl set-ntp true); where it is right, a proxy shows an old certificate",
        source="https://pkg.go.dev/crypto/x509#InvalidReason",
    ),
    row(
        "tls-interception",
        r"x509: certificate signed by unknown authority|CERTIFICATE_VERIFY_FAILED|x509: certificate is not trusted",
        cause="the certificate of the other side is not one that this machine trusts: a proxy opens the connection",
        remedy="let the system trust the proxy's certificate (SSL_CERT_FILE for Packer, REQUESTS_CA_BUNDLE for Azure's"
        " SDK), or let Azure's names pass the proxy unopened",
        source="https://github.com/hashicorp/terraform-provider-azurerm/issues/1778",
    ),
    row(
        "name-not-resolved",
        r"no such host|server misbehaving|Temporary failure in name resolution",
        cause="a name could not be resolved (DNS)",
        remedy="try again (--retries 1); look at the DNS of this machine, and at HTTPS_PROXY if there is a proxy",
        source="Go, package net, DNSError",
        transient=True,
    ),
    row(
        "connection-broken",
        r"connection reset by peer|HTTP response was nil"
        r"|TLS handshake timeout|i/o timeout|read: connection timed out|broken pipe",
        cause="the network broke in the middle of a request",
        remedy="try again (--retries 3)",
        source="Go, package net, OpError",
        transient=True,
    ),
)

STEPS = (
    row(
        "apt-lock",
        r"Could not get lock /var/lib/(?:dpkg|apt)|Unable to acquire the dpkg frontend lock|/var/lib/apt/lists/lock",
        cause="another program, mostly the system's own updates after its first start, holds apt's lock",
        remedy="let apt wait: apt-get -o DPkg::Lock::Timeout=300 …, wait for `cloud-init status --wait` in a first"
        " step, or give the step --step-retries",
        source="https://github.com/actions/runner-images/issues/1120",
        transient=True,
        where=STEP,
    ),
    row(
        "apt-mirror",
        r"Hash Sum mismatch|File has unexpected size|Mirror sync in progress",
        cause="the package mirror was being changed while apt read from it",
        remedy="try again: --step-retries, or apt-get -o Acquire::Retries=3 …",
        source="https://github.com/microsoft/linux-package-repositories/issues/100",
        transient=True,
        where=STEP,
    ),
    row(
        "machine-name-not-resolved",
        r"Temporary failure resolving|Could not resolve host|Name or service not known|remote name could not be"
        r" resolved",
        cause="the build machine could not resolve a name (DNS)",
        remedy="look at the DNS servers of its subnet; a sandbox's machines have no network without"
        " --sandbox-network host",
        source="https://curl.se/libcurl/c/libcurl-errors.html",
        transient=True,
        where=STEP,
    ),
    row(
        "machine-disk-full",
        r"No space left on device|There is not enough space on the disk",
        cause="the disk of the build machine is full",
        remedy="raise vmProfile.osDiskSizeGB, or remove what is not needed in an earlier step",
        source="errno(3), ENOSPC",
        where=STEP,
    ),
    row(
        "sysprep-hangs",
        r"IMAGE_STATE_(?:COMPLETE|UNDEPLOYABLE|SPECIALIZE_RESEAL_TO_OOBE)",
        cause="Windows does not come to the end of generalization (sysprep)",
        remedy="look into C:\\Windows\\System32\\Sysprep\\Panther\\setupact.log on the machine (--on-error abort keeps"
        " it): an app installed for one user, a pending restart and a disk that is encrypted are the usual reasons",
        source="https://github.com/hashicorp/packer/issues/8929; "
        "https://github.com/hashicorp/packer-plugin-azure/issues/350",
        where=STEP,
    ),
    row(
        "windows-line-ends",
        r"/bin/[a-z]*sh\^M|\\r': command not found|: not found\\r|bad interpreter",
        cause="the script has the line ends of Windows, or its first line names a program that the machine has not",
        remedy="save it with LF line ends, and look at its first line",
        source="lowering.md §4.1",
        where=STEP,
    ),
    row(
        "out-of-memory",
        r"Out of memory|Cannot allocate memory|exit status:? 137\b",
        cause="the build machine has not enough memory for what the step does",
        remedy="choose a vmProfile.vmSize with more memory",
        source="signal(7): 128 + SIGKILL",
        where=STEP,
    ),
    row(
        "restart-wanted",
        r"exit status:? (?:3010|1641)\b",
        cause="the installer has succeeded and wants a restart",
        remedy='add 3010 (and 1641) to the step\'s validExitCodes: "validExitCodes": [0, 3010], and a WindowsRestart'
        " step after it",
        source="https://learn.microsoft.com/windows/win32/msi/error-codes",
        where=STEP,
    ),
)
