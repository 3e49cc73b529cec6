"""Advice about Shell steps: what is said, where it points, and what is passed over in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.rules.lint.shell import commands
from tests.linted import JAMMY, RHEL, advice, shell, template

HITS = [
    ("IMG500", "apt-get install nginx", ["sudo apt-get install nginx"]),
    ("IMG500", "apt install nginx", ["if true; then sudo apt install nginx; fi"]),
    ("IMG500", "apt-get upgrade", ["sudo sh -c 'apt-get update; apt-get upgrade'"]),
    ("IMG500", "yum install httpd", ["sudo yum install httpd"]),
    ("IMG501", "read answer", ["read answer"]),
    ("IMG501", "docker login", ["sudo docker login registry.example.com -u ci"]),
    ("IMG501", "dpkg-reconfigure tzdata", ["sudo dpkg-reconfigure tzdata"]),
    ("IMG501", "vim /etc/hosts", ["sudo vim /etc/hosts"]),
    ("IMG501", "crontab -e", ["crontab -e"]),
    ("IMG501", "mysql_secure_installation", ["sudo mysql_secure_installation"]),
    ("IMG502", "tzdata", ["sudo apt-get install -y tzdata"]),
    ("IMG503", "DEBIAN_FRONTEND=noninteractive", ["DEBIAN_FRONTEND=noninteractive sudo apt-get install -y git"]),
    ("IMG510", "useradd -m deploy", ["useradd -m deploy"]),
    ("IMG510", "apt-get install -y git", ["apt-get install -y git"]),
    ("IMG510", "sed -i s/a/b/ /etc/ssh/sshd_config", ["sed -i s/a/b/ /etc/ssh/sshd_config"]),
    ("IMG511", "/etc/motd", ["echo hello > /etc/motd"]),
    ("IMG511", "/etc/motd", ["sudo cat a b >> /etc/motd"]),
    ("IMG512", "sudo -i", ["sudo -i", "touch x"]),
    ("IMG515", "curl -sL https://example.com/a", ["curl -sL https://example.com/a > a"]),
    ("IMG515", "curl -s https://example.com/k.asc", ["curl -s https://example.com/k.asc | sudo tee /usr/share/k.asc"]),
    ("IMG516", "wget -qO- https://example.com/i.sh", ["wget -qO- https://example.com/i.sh | sudo -E bash -"]),
    ("IMG517", "exit 0", ["true", "exit 0", "true"]),
    ("IMG519", "[[ -f x ]]", ["[[ -f x ]] || true"]),
    ("IMG519", "set -o pipefail", ["set -o pipefail"]),
    ("IMG519", "source /etc/os-release", [". /etc/os-release", "source /etc/os-release"]),
    ("IMG531", "shutdown -r now", ["sudo shutdown -r now"]),
    ("IMG531", "systemctl reboot", ["sudo systemctl reboot"]),
    ("IMG541", "cd /opt/app", ["true", "cd /opt/app"]),
]
SILENT = [
    ["sudo apt-get install -y git", "sudo apt-get -qq install git", "sudo apt-get install -yq git"],
    ["yes | sudo apt-get install git", "sudo apt-get install -y ./local.deb", "sudo apt-get -s install git"],
    ["echo 'run: apt-get install nginx'", "# apt-get install nginx", "cat <<'END'\nsudo apt-get install nginx\nEND"],
    ["sudo yum -y install httpd", "sudo dnf --assumeyes install httpd", "sudo zypper --non-interactive install vim"],
    ["while read -r line; do echo $line; done < /etc/hosts", "read a <<< 1", "echo 1 | read a"],
    ["ssh-keygen -A", "ssh-keygen -t rsa -N '' -f k", "ssh-keygen -lf k.pub", "ssh-keygen -R host"],
    ["az login --identity", "az login --service-principal -u a -p $P --tenant t"],
    ['echo "$P" | docker login -u ci --password-stdin', "sudo passwd -l root", "echo x | sudo passwd --stdin root"],
    ["export DEBIAN_FRONTEND=noninteractive", "sudo -E apt-get install -y tzdata"],
    ["echo 'x x/y select z' | sudo debconf-set-selections", "sudo apt-get install -y postfix"],
    ["sudo systemctl enable nginx", "systemctl status nginx", "systemctl --user enable a", "mkdir -p /tmp/a ~/b"],
    ["echo x | sudo tee /etc/motd > /dev/null", "sudo bash -c 'echo x > /etc/motd'", "ls > /tmp/list"],
    ['[ "$(id -u)" -eq 0 ] || exit 1', "useradd x"],
    ["sudo su -c 'touch /x'", "sudo su - deploy -c 'touch y'", "touch z"],
    ["curl -fsSLo a https://example.com", "curl -I https://example.com", "curl --fail -O https://example.com/a"],
    ["curl -s -o /dev/null -w '%{http_code}' https://example.com", "code=$(curl -s https://example.com)"],
    ["#!/bin/bash -e", "set -o pipefail", "curl -fsSL https://example.com/i.sh | sudo bash"],
    ["[ -f x ] || exit 0", "if false; then exit 1; fi", "f() { exit 3; }", "case a in b) exit 2;; esac", "true"],
    ["true", "exit 0"],
    ["#!/bin/bash", "set -euo pipefail", "source x", "[[ -f y ]]"],
    ["[ -f x ]", ". /etc/os-release", "bash -c 'echo [[ x ]]'"],
    ["sudo shutdown -r +1", "sudo shutdown -c now", "echo reboot", "man reboot > /tmp/x"],
    ["cd /opt", "ls"],
    ["#!/usr/bin/env python3", "read = input", "exit(0)", "cd = 1"],
]


@pytest.mark.parametrize(("code", "place", "lines"), HITS, ids=str)
def test_the_line_is_pointed_at(code: str, place: str, lines: list[str]) -> None:
    found = [text for hit, text in shell(*lines) if hit == code]
    assert len(found) == 1
    assert place in found[0]
    assert any(found[0] in line for line in lines)


@pytest.mark.parametrize("lines", SILENT, ids=lambda lines: lines[0])
def test_nothing_is_said(lines: list[str]) -> None:
    assert shell(*lines) == []


def test_of_many_places_in_one_script_the_first_are_shown() -> None:
    step = {"type": "Shell", "inline": ["sudo yum install httpd"] * 30}
    found = advice(template(step, source=RHEL))
    assert [item.code for item in found] == ["IMG500"] * 10
    assert found[-1].message.endswith("(and 20 more places in this script)")


def test_bash_is_sh_where_it_is() -> None:
    assert shell("[[ -f x ]]", "source /etc/os-release", source=RHEL) == []


def test_questions_of_packages_depend_on_the_system() -> None:
    line = "sudo apt-get install -y git"
    assert [code for code, _ in shell(line, source=JAMMY)] == ["IMG502"]
    assert shell("sudo NEEDRESTART_MODE=a apt-get install -y git", source=JAMMY) == []
    assert shell("sudo dnf install -y git", source=RHEL) == []


def test_lists_are_missed_once_and_only_where_nothing_can_have_brought_them() -> None:
    install = {"type": "Shell", "inline": ["sudo apt-get install -y git", "sudo apt-get install -y vim"]}
    script = {"type": "Shell", "scriptUri": "https://example.com/setup.sh"}
    source = {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS"}
    assert [item.code for item in advice(template(install, install, source=source))] == ["IMG504"]
    assert advice(template(script, install, source=source)) == ()


def test_variables_end_with_their_step() -> None:
    first = {"type": "Shell", "inline": ["export APP=/opt/app", "NAME=web"]}
    second = {"type": "Shell", "inline": ["echo $APP ${NAME} '$APP' \\$APP $HOME", "ls $APP"]}
    source = {"publisher": "RedHat", "offer": "RHEL", "sku": "9"}
    found = advice(template(first, second, source=source))
    assert [(item.code, item.span.text if item.span else "") for item in found] == [
        ("IMG540", "$APP"),
        ("IMG540", "${NAME}"),
    ]
    usual = {
        "type": "Shell",
        "inline": ["export PATH=$PATH:/opt/bin", "i=1", "while read -r a b; do echo $b; done < x"],
    }
    uses = {"type": "Shell", "inline": ["echo $PATH ${i:-0}", "for i in 1 2; do echo $i; done", "read b < x; echo $b"]}
    assert advice(template(usual, uses, source=source)) == ()
    lasting = {"type": "Shell", "inline": ["export APP=/opt/app", 'echo "APP=$APP" | sudo tee -a /etc/environment']}
    assert advice(template(lasting, second, source=source)) == ()


def test_a_value_that_came_through_evaluation_points_at_its_own_text() -> None:
    """The lines stand in a variable of a deployment file; the place is there, inside the string."""
    inner = template({"type": "Shell", "inline": ["x"]}, source=RHEL).replace('["x"]', "\"[variables('lines')]\"")
    resource = inner[:-1] + ', "type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "web"}'
    deployment = (
        '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",'
        '"contentVersion": "1.0.0.0",\n"variables": {"lines": ["echo \\"one\\"; sudo yum install httpd"]},\n'
        f'"resources": [{resource}]}}'
    )
    (found,) = advice(deployment)
    assert found.span is not None
    assert (found.code, found.span.line, found.span.text) == ("IMG500", 2, "sudo yum install httpd")


@given(st.text(alphabet=st.sampled_from(list("abif \n\t;&|<>(){}$'\"`\\#=-~sudo/01")), max_size=200))
def test_any_text_is_read_and_every_place_is_in_it(text: str) -> None:
    for command in commands(text):
        assert 0 <= command.start < command.end <= len(text)
        assert all(0 <= word.start < word.end <= len(text) for word in command.words)


@pytest.mark.parametrize("piece", ["$(", '"$(', "`", "'", '"', "<<A\n", "if ", "a=$(b ", "{ ", "\\"])
def test_a_hostile_script_ends(piece: str) -> None:
    """Nothing here is more than a small multiple of the text; the limit of the test run would catch the rest."""
    commands(piece * (90_000 // len(piece)))
