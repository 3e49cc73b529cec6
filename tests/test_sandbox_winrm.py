"""The WinRM listener, with a plain client: logins, shells, long polls, restarts, and the two traps for Packer."""

from __future__ import annotations

import base64
import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith.sandbox.windows.shells import Limits
from tests.winrm import (
    PASSWORD,
    Client,
    Machine,
    command,
    connect,
    create,
    delete,
    envelope,
    receive,
    send,
    signal,
)

GONE = (http.client.RemoteDisconnected, ConnectionResetError)
"""What a client sees whose connection is closed without an answer."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with Machine(tmp_path) as started:
        yield started


@pytest.fixture
def client(machine: Machine) -> Iterator[Client]:
    made = Client(machine.port)
    yield made
    made.close()


def test_the_listener_shows_exactly_the_certificate_of_the_secret(machine: Machine) -> None:
    with connect(machine.port) as connection:
        assert connection.getpeercert(binary_form=True) == machine.certificate


def test_a_command_gives_its_streams_and_its_exit_code(machine: Machine, client: Client) -> None:
    assert client.run("say häuser & <tags>") == ({"stdout": "häuser & <tags>".encode(), "stderr": b"and aside"}, 0)
    assert client.run("fail 7")[1] == 7
    assert client.run(f"fail {0x8007052E}")[1] == 2147943726
    assert client.run("fail -1")[1] == 4294967295
    assert [found.user for found in machine.host.commands] == ["packer"] * 4


def test_a_login_holds_for_its_connection(machine: Machine, client: Client) -> None:
    client.run("say once")
    client.run("say twice")
    assert client.statuses[:3] == [401, 401, 200]
    assert set(client.statuses[3:]) == {200}
    other = Client(machine.port)
    assert other.post(create())[0] == 401
    other.close()


@pytest.mark.parametrize("password", ["", PASSWORD.upper(), "x" * 10_000])
def test_a_wrong_password_is_refused_and_its_reason_kept(machine: Machine, password: str) -> None:
    stranger = Client(machine.port, password=password)
    assert stranger.ask(create()) == (401, "")
    assert machine.listener.refusals == ["the password is wrong"]
    stranger.close()


@pytest.mark.parametrize("authorization", [None, "Basic cGFja2VyOlBhJCR3", "Negotiate", "Negotiate !!", "Bearer x", ""])
def test_a_refusal_has_no_content_type(machine: Machine, client: Client, authorization: str | None) -> None:
    """With the type of SOAP on an empty body, the azure plugin's client dereferences nil (winrm.md §3.4)."""
    status, headers, content = client.post(create(), authorization=authorization)
    assert (status, content) == (401, b"")
    assert headers["WWW-Authenticate"] == "Negotiate"
    assert headers["Content-Type"] is None
    assert headers["Content-Length"] == "0"


def test_input_arrives_until_its_end(client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "echo-input")
    assert client.ask(send(shell, running, b"one "))[0] == 200
    assert client.ask(send(shell, running, b"two", end=True))[0] == 200
    output, code = client.receive(shell, running)
    while code is None:
        more, code = client.receive(shell, running)
        output["stdout"] += more.get("stdout", b"")
    assert (output["stdout"], code) == (b"one two", 0)


def test_more_input_than_a_command_reads_is_refused(client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "wait")
    answers = [client.ask(send(shell, running, bytes(300_000)))[0] for _ in range(5)]
    assert answers == [200, 200, 200, 500, 500]


@pytest.mark.parametrize("size", [0, 8192, 20_000, 153_600, 999_999_999])
def test_large_output_arrives_whole_in_answers_of_the_size_that_was_asked_for(client: Client, size: int) -> None:
    shell = client.create()
    running = client.start(shell, "big 400000")
    total, answer = b"", ""
    while "ExitCode" not in answer:
        status, answer = client.ask(receive(shell, running, size=size))
        assert status == 200
        assert len(answer.encode()) <= max(size, 8192)
        total += b"".join(base64.b64decode(part) for part in re.findall(r"<rsp:Stream [^>]*>([^<]*)<", answer))
    assert total == b"x" * 400_000


def test_silence_ends_with_the_fault_of_a_time_out(client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "wait")
    status, answer = client.ask(receive(shell, running))
    assert status == 500
    assert "w:TimedOut" in answer
    assert 'Code="2150858793"' in answer
    assert "OperationTimeout" in answer


def test_a_client_that_has_less_patience_is_answered_earlier(tmp_path: Path) -> None:
    with Machine(tmp_path, Limits(hold_s=3600)) as machine:
        client = Client(machine.port)
        shell = client.create()
        running = client.start(shell, "wait")
        body = receive(shell, running).replace(b"PT5M", b"PT1S")
        assert client.ask(body)[0] == 500
        client.close()


def test_a_signal_ends_a_command(machine: Machine, client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "wait")
    assert client.ask(signal(shell, running))[0] == 200
    assert client.receive(shell, running) == ({}, 3)
    running = client.start(shell, "stubborn")
    assert client.ask(signal(shell, running))[0] == 200
    assert client.receive(shell, running) == ({}, 0xC000013A)


def test_deleting_a_shell_ends_what_runs_in_it(machine: Machine, client: Client) -> None:
    shell = client.create()
    client.start(shell, "wait")
    client.start(shell, "stubborn")
    assert client.ask(delete(shell))[0] == 200
    _until(lambda: sorted(machine.host.ended) == ["stubborn", "wait"])
    status, answer = client.ask(delete(shell))
    assert status == 500
    assert 'Code="2150858843"' in answer


@pytest.mark.parametrize("make", [lambda shell: command(shell, "say x"), delete, lambda shell: signal(shell, "C")])
def test_an_unknown_shell_is_a_fault_except_to_receive(client: Client, make: object) -> None:
    assert callable(make)
    status, answer = client.ask(make("00000000-0000-0000-0000-000000000000"))
    assert status == 500
    assert "w:InvalidSelectors" in answer


@pytest.mark.parametrize("logged_in", [True, False])
def test_receive_for_what_is_not_there_drops_the_connection(client: Client, *, logged_in: bool) -> None:
    """Any answer would make Packer ask again at once, for ever; so would the 401 of a login (winrm.md §3.4)."""
    if logged_in:
        client.run("say hello")
    with pytest.raises(GONE):
        client.post(receive("no-such-shell", "no-such-command"))


def test_a_command_of_another_shell_is_not_there(client: Client) -> None:
    one, two = client.create(), client.create()
    running = client.start(one, "wait")
    with pytest.raises(GONE):
        client.post(receive(two, running))


def test_a_client_that_hangs_up_has_given_its_command_up(machine: Machine, client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "wait")
    client._http.request("POST", "/wsman", receive(shell, running), {"Content-Type": "application/soap+xml"})
    time.sleep(0.05)
    assert machine.host.ended == []
    client.close()
    _until(lambda: machine.host.ended == ["wait"])


def test_a_fault_of_the_machine_ends_the_command_and_is_told(machine: Machine, client: Client) -> None:
    output, code = client.run("break")
    assert code == 1
    assert b"a fault of the machine's own" in output["stderr"]
    assert [failure.diagnostic.code for failure in machine.failures] == ["IMG908"]


def test_a_restart_lets_the_exit_code_be_fetched_and_forgets_everything_else(machine: Machine, client: Client) -> None:
    kept = client.create()
    assert client.run("restart") == ({}, 0)
    status, _, _ = client.post(create())
    assert status == 401, "the login is forgotten"
    assert machine.host.boots == 2
    status, answer = client.ask(command(kept, "say x"))
    assert (status, "w:InvalidSelectors" in answer) == (500, True)
    assert client.run("say after")[0]["stdout"] == b"after"


def test_requests_wait_while_the_machine_is_down(machine: Machine, client: Client) -> None:
    client.run("say hello")
    machine.call(machine.restart(0.5))
    before = time.monotonic()
    assert client.post(create())[0] == 401
    assert time.monotonic() - before > 0.3
    assert machine.host.boots == 2


def test_a_restart_in_the_middle_of_a_command_closes_its_connection(machine: Machine, client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "restart-and-wait")
    with pytest.raises(http.client.RemoteDisconnected):
        client.post(receive(shell, running))
    _until(lambda: machine.host.ended == ["restart-and-wait"])
    with pytest.raises(GONE):
        client.post(receive(shell, running))
    assert client.run("say after")[0]["stdout"] == b"after"
    assert machine.host.boots == 2


def test_a_machine_that_is_turned_off_ends_commands_and_connections(machine: Machine, client: Client) -> None:
    shell = client.create()
    running = client.start(shell, "stubborn")
    machine.call(machine.turn_off())
    assert machine.host.ended == ["stubborn"]
    with pytest.raises((*GONE, OSError)):
        client.post(receive(shell, running))
    with pytest.raises(OSError):  # noqa: PT011 - however the kernel puts it
        Client(machine.port).create()


def test_idle_connections_make_room_for_new_ones(tmp_path: Path) -> None:
    """Packer leaves one open for each upload."""
    with Machine(tmp_path, Limits(connections=4)) as machine:
        clients = [Client(machine.port) for _ in range(20)]
        for number, client in enumerate(clients):
            assert client.run(f"say {number}")[0]["stdout"] == str(number).encode()
        with pytest.raises(GONE):
            clients[0].post(create())
        for client in clients:
            client.close()


def test_there_are_only_so_many_shells_and_commands(tmp_path: Path) -> None:
    with Machine(tmp_path, Limits(shells=2, commands=2)) as machine:
        client = Client(machine.port)
        shell, _ = client.create(), client.create()
        status, answer = client.ask(create())
        assert (status, "w:QuotaLimit" in answer) == (500, True)
        client.start(shell, "wait")
        client.start(shell, "wait")
        status, answer = client.ask(command(shell, "wait"))
        assert (status, "w:QuotaLimit" in answer) == (500, True)
        client.close()


@pytest.mark.parametrize("action", ["http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", ""])
def test_other_actions_are_faults(client: Client, action: str) -> None:
    status, answer = client.ask(envelope(action, ""))
    assert (status, "a:ActionNotSupported" in answer) == (500, True)


def test_two_machines_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with Machine(tmp_path / "one") as one, Machine(tmp_path / "two") as two:
        first, second = Client(one.port), Client(two.port)
        shell = second.create()
        running = second.start(shell, "wait")
        assert first.run("restart")[1] == 0
        assert first.run("say back")[0]["stdout"] == b"back"
        assert (one.host.boots, two.host.boots) == (2, 1)
        assert second.ask(receive(shell, running))[0] == 500, "only a time-out"
        assert second.statuses[-1] == 500
        first.close()
        second.close()


def _until(holds: object, *, within_s: float = 5.0) -> None:
    assert callable(holds)
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
