"""A Windows machine without Windows: what Packer's commands do on it, and what its steps leave behind."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.lower.passing import PASSED_OVER
from imagesmith.lower.texts import powershell_text
from imagesmith.lower.unpacking import windows_archive, windows_script
from imagesmith.sandbox.rehearsal import SAID
from imagesmith.sandbox.windows.deprovisioning import default_script
from imagesmith.sandbox.windows.host import DISK
from imagesmith.sandbox.windows.scripts import only_exit, script_text, script_variables
from imagesmith.sandbox.windows.tasks import parse_task
from imagesmith.sandbox.windows.update import parse_call
from tests import windows_lines as lines
from tests.windows_streams import PASSWORD, Answer, Talk, talk

TEMP = "Users/packer/AppData/Local/Temp"
WHOLE_CHUNK = ((8000 - len("%TEMP%\\winrmcp-00000000-0000-0000-0000-000000000000.tmp")) // 4) * 3


def on_machine(folder: Path, work: Callable[[Talk], Awaitable[None]], **options: Any) -> Talk:  # options of talk()
    """Do something on a machine."""

    async def run() -> Talk:
        found = talk(folder, **options)
        await work(found)
        await found.machine.close()
        return found

    return asyncio.run(run())


def rows(found: Talk, kind: str) -> list[dict[str, Any]]:  # rows of the report
    """What the machine says of itself."""
    value = found.machine.report()[kind]
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(
    "size", [0, 1, WHOLE_CHUNK - 1, WHOLE_CHUNK, WHOLE_CHUNK + 1, 15 * WHOLE_CHUNK, 10 * 1024 * 1024], ids=str
)
def test_an_upload_arrives_byte_for_byte(tmp_path: Path, size: int, new: bool) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]

    async def work(machine: Talk) -> None:
        await machine.upload(content, "C:/AVDImage/x.bin", new=new)

    found = on_machine(tmp_path, work)
    assert found.files() == {"AVDImage/x.bin": content}
    upload = {"path": "C:\\AVDImage\\x.bin", "size": size, "sha256": hashlib.sha256(content).hexdigest()}
    assert rows(found, "uploads") == [upload]


@settings(max_examples=25)
@given(st.binary(max_size=3 * WHOLE_CHUNK))
def test_any_content_arrives(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(content, "C:\\x")

    assert on_machine(tmp_path_factory.mktemp("m"), work).files() == {"x": content}


@pytest.mark.parametrize(
    ("destination", "place"),
    [
        ("C:\\a b\\c d.txt", "a b/c d.txt"),
        ("C:\\Größe\\價格.txt", "Größe/價格.txt"),
        ("relative.txt", "Users/packer/relative.txt"),
        ("$env:SystemRoot\\Temp\\x", "Windows/Temp/x"),
        ("C:\\WINDOWS\\system32\\drivers\\etc\\hosts", "Windows/System32/drivers/etc/hosts"),
    ],
)
def test_a_file_goes_where_it_is_sent(tmp_path: Path, destination: str, place: str) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"x", destination)
        await machine.upload(b"again", destination)

    assert on_machine(tmp_path, work).files() == {place: b"again"}


@pytest.mark.parametrize(
    "destination",
    ["C:\\Windows\\Temp", "E:\\x", "C:\\NUL", "C:\\a:b", "C:\\file\\below", "C:\\$(whoami)", "\\\\server\\share\\x"],
)
def test_a_file_that_cannot_be_made_fails_the_upload(tmp_path: Path, destination: str) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"", "C:\\file")
        *collected, restored, removed = lines.upload(b"x", destination)
        for line in collected:
            assert (await machine.say(line)).code == 0
        answer = await machine.say(restored)
        assert answer.code == 1
        assert answer.err
        assert (await machine.say(removed)).code == 0

    assert on_machine(tmp_path, work).files() == {"file": b""}


def test_a_line_that_is_no_base64_fails_the_upload(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        *_, restored, _removed = lines.upload(b"", "C:\\x")
        file = next(
            part for part in base64.b64decode(restored.split()[-1]).decode("utf-16-le").split('"') if "winrmcp" in part
        )
        assert (await machine.say(f'echo AAA >> "%TEMP%\\{file.rpartition(chr(92))[2]}"')).code == 0
        assert (await machine.say(restored)).code == 1

    on_machine(tmp_path, work)


def test_a_file_is_downloaded(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000

    def line(path: str) -> str:
        return lines.encoded(
            f'$file=[System.IO.File]::ReadAllBytes("{path}"); Write-Output $([System.Convert]::ToBase64String($file))',
            new=True,
        )

    async def work(machine: Talk) -> None:
        await machine.upload(content, "C:\\x.bin")
        answer = await machine.say(line("c:/X.BIN"))
        assert (answer.code, base64.b64decode(answer.out)) == (0, content)
        missing = await machine.say(line("c:/y.bin"))
        assert (missing.code, missing.out) == (1, "")
        assert "y.bin" in missing.err

    on_machine(tmp_path, work)


def test_the_connection_and_the_computer_answer(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        for new in (False, True):
            assert (await machine.say(lines.encoded(lines.CONNECTED, new=new))).out == "WinRM connected.\r\n"
            assert (await machine.say(lines.encoded(lines.RESTARTED, new=new))).out == "PKRVMABC restarted.\r\n"
            key = lines.encoded('Test-Path "HKLM:SOFTWARE\\Microsoft\\RebootPending"', new=new)
            assert (await machine.say(key)).out == "False\r\n"

    on_machine(tmp_path, work)


def test_echo_writes_what_it_says(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        assert (await machine.say("echo hello %USERNAME%")).out == "hello packer\r\n"
        assert (await machine.say("echo one > C:\\x.txt")).code == 0
        assert (await machine.say("echo two>> c:\\X.TXT")).code == 0
        assert (await machine.say("echo gone > NUL")).code == 0
        assert (await machine.say("echo x > C:\\made\\x.txt")).code == 0
        assert (await machine.say("echo x > C:\\made")).code == 1
        assert (await machine.say("echo x > E:\\x.txt")).code == 1
        assert (await machine.say("echo %MINE%", environment={"MINE": "more"})).out == "more\r\n"

    assert on_machine(tmp_path, work).files() == {"x.txt": b"one \r\ntwo\r\n", "made/x.txt": b"x \r\n"}


def test_a_step_is_recorded_and_cleans_up(tmp_path: Path) -> None:
    text = "Write-Output 'hello'\r\n"

    async def work(machine: Talk) -> None:
        answer = await machine.step(text, variables='$env:PACKER_BUILD_NAME="image"; $env:B="a`$b"; ')
        assert (answer.code, answer.out, answer.err) == (0, f"{SAID} (PowerShell, user packer)\r\n", "")

    found = on_machine(tmp_path, work)
    assert found.files() == {}
    (script,) = rows(found, "scripts")
    assert (script["ran"], script["user"], script["elevated"], script["exit_code"]) == (False, "packer", False, 0)
    assert script["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert [kept.read_bytes() for kept in (tmp_path / "scripts").iterdir()] == [text.encode()]


@pytest.mark.parametrize(
    ("user", "password"), [("packer", PASSWORD), ("SYSTEM", ""), ("NT AUTHORITY\\SYSTEM", ""), (".\\Packer", PASSWORD)]
)
def test_an_elevated_step_runs_as_its_user(tmp_path: Path, user: str, password: str) -> None:
    async def work(machine: Talk) -> None:
        answer = await machine.step("whoami", user=user, password=password)
        assert (answer.code, answer.out) == (0, f"{SAID} (PowerShell, user {user})\r\n")

    found = on_machine(tmp_path, work)
    assert found.machine.report()["tasks"] == {user: 1}
    assert found.files() == {}


@pytest.mark.parametrize(("user", "password"), [("packer", "wrong"), ("packer", ""), ("administrator", PASSWORD)])
def test_an_elevated_step_with_a_wrong_login_fails(tmp_path: Path, user: str, password: str) -> None:
    async def work(machine: Talk) -> None:
        answer = await machine.step("whoami", user=user, password=password)
        assert (answer.code, answer.out) == (1, "")
        assert "0x8007052E" in answer.err

    assert rows(on_machine(tmp_path, work), "scripts") == []


@pytest.mark.parametrize(
    "text",
    [
        '$s = New-Object -ComObject "Schedule.Service"\n$bytes = [System.Convert]::FromBase64String($x)\nexit $result',
        "if (Test-Path c:/Windows/Temp/x) {Remove-Item c:/Windows/Temp/x}\n",
        "# imagesmith\n" + default_script().decode(),
    ],
)
def test_a_users_script_is_never_taken_for_packers(tmp_path: Path, text: str) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"", "c:/Windows/Temp/x")
        assert (await machine.step(text)).out == f"{SAID} (PowerShell, user packer)\r\n"

    assert "Windows/Temp/x" in on_machine(tmp_path, work).files()


@pytest.mark.parametrize("kind", ["packer-elevated-shell", "packer-cleanup"])
def test_a_file_with_a_name_of_packers_and_another_text_is_a_users(tmp_path: Path, kind: str) -> None:
    path = f"C:/Windows/Temp/{kind}-{lines.name()}.ps1"

    async def work(machine: Talk) -> None:
        await machine.upload(b"Remove-Item C:\\* -Recurse", path)
        assert SAID in (await machine.say(lines.run_file(path))).out

    assert len(on_machine(tmp_path, work).files()) == 1


def test_a_script_that_is_not_there_fails(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        answer = await machine.say(lines.run_file("c:/Windows/Temp/script-x.ps1"))
        assert (answer.code, answer.out) == (1, "")
        assert "script-x.ps1" in answer.err

    on_machine(tmp_path, work)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("exit 3010", 3010),
        ("# why\n\n  EXIT 1641 ;", 1641),
        ("exit -1", 4294967295),
        ("exit $code", None),
        ("throw 'it''s'; # why", None),
        ("throw 'it''s' ;", 1),
        ("throw $reason", None),
        ('throw "a $reason"', None),
        ("exit 1\nexit 2", None),
        ("", None),
    ],
)
def test_a_script_that_only_ends_is_known(text: str, code: int | None) -> None:
    assert only_exit(text) == code


def test_a_script_is_read_by_its_mark() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert script_text("größe".encode(encoding)) == "größe"


def test_variables_are_read_as_packer_escapes_them() -> None:
    assert script_variables('$env:A="1"; $env:B="a`$b`"c``d`\'e;"; ') == {"A": "1", "B": "a$b\"c`d'e;"}


def test_a_batch_file_is_recorded_with_its_environment(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"@echo off\r\nexit /b 1\r\n", "c:/Windows/Temp/script.bat")
        answer = await machine.say('set "A=B" && set "C=D" && "c:/Windows/Temp/script.bat"')
        assert (answer.code, answer.out) == (0, f"{SAID} (batch, user packer)\r\n")

    on_machine(tmp_path, work)


def test_text_of_a_users_is_recorded_and_told(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        assert (await machine.say("write-host 'restarted'")).out == f"{SAID}: write-host 'restarted'\r\n"

    found = on_machine(tmp_path, work)
    assert rows(found, "unknown") == [{"line": "write-host 'restarted'", "user": "packer"}]


def test_one_restart_at_a_time(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        assert (await machine.say("shutdown /a")).code == 1116
        assert (await machine.say('shutdown /r /f /t 60 /c "packer restart test"')).code == 0
        assert (await machine.say('shutdown /r /f /t 60 /c "packer restart test"')).code == 1190
        assert (await machine.say("shutdown /a")).code == 0
        assert machine.restarts == []
        assert (await machine.say('shutdown.exe -f -r -t 0 -c "packer restart"')).code == 0
        assert len(machine.restarts) == 1
        assert (await machine.say("shutdown.exe -f -r -t 60")).code == 1115
        assert (await machine.say("shutdown.exe -a")).code == 1115
        machine.machine.booted()
        assert (await machine.say("shutdown /a")).code == 1116

    assert on_machine(tmp_path, work).machine.report()["boots"] == 2


def test_a_planned_restart_comes_and_one_called_off_does_not(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await machine.say("shutdown /r /t 1")
        await machine.say("shutdown /a")
        await machine.say("shutdown /r /t 1")
        while not machine.restarts:
            await asyncio.sleep(0.05)

    assert len(on_machine(tmp_path, work).restarts) == 1


UPDATE = "C:/Windows/Temp/packer-windows-update.ps1"
RUN_UPDATE = (
    "PowerShell -ExecutionPolicy Bypass -OutputFormat Text -File C:/Windows/Temp/packer-windows-update{}-elevated.ps1"
)


def test_the_update_plugins_loop_ends_after_one_restart(tmp_path: Path) -> None:
    wanted = "'exclude:$_.Title -like ''*Preview*''','include:$true'"
    call = f"{UPDATE} -SearchCriteria 'IsInstalled=0' -Filters {wanted} -UpdateLimit 20"

    async def work(machine: Talk) -> None:
        await machine.upload(lines.update_wrapper(call).encode(), "C:/Windows/Temp/packer-windows-update-elevated.ps1")
        check = lines.update_wrapper(f"{UPDATE} -OnlyCheckForRebootRequired").encode()
        await machine.upload(check, "C:/Windows/Temp/packer-windows-update-pending-reboot-elevated.ps1")
        await machine.upload(b"", "C:/Windows/Temp/packer-windows-update.ps1")
        first = await machine.say(RUN_UPDATE.format(""))
        assert (first.code, first.out.splitlines()[-1]) == (101, "Exiting with code 101")
        await machine.say('shutdown.exe -f -r -t 0 -c "packer restart"')
        machine.machine.booted()
        checked = await machine.say(RUN_UPDATE.format("-pending-reboot"))
        assert (checked.code, checked.out.splitlines()[-1]) == (0, "Exiting with code 0")
        second = await machine.say(RUN_UPDATE.format(""))
        assert (second.code, second.out.splitlines()[-1]) == (0, "Exiting with code 0")

    found = on_machine(tmp_path, work)
    updates = rows(found, "updates")
    filters = ("exclude:$_.Title -like '*Preview*'", "include:$true")
    assert [(row["criteria"], row["filters"], row["limit"], row["exit_code"]) for row in updates] == [
        ("IsInstalled=0", filters, 20, 101),
        (None, (), None, 0),
        ("IsInstalled=0", filters, 20, 0),
    ]
    assert len(found.files()) == 3


def test_an_update_wrapper_with_another_text_is_not_run(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"exit $result", "C:/Windows/Temp/packer-windows-update-elevated.ps1")
        assert SAID in (await machine.say(RUN_UPDATE.format(""))).out
        assert (await machine.say(RUN_UPDATE.format("-pending-reboot"))).code == 1

    on_machine(tmp_path, work)


PATHS = st.builds(
    "{}{}".format, st.sampled_from(["C:\\\\", "c:/Windows/Temp/", "", "D:", "\\\\\\\\"]), st.text(max_size=60)
).map(lambda text: text.encode(errors="replace").decode())
ANY_LINE = st.one_of(
    st.text(max_size=200),
    st.builds("echo {} > {}".format, st.text(max_size=20), st.text(max_size=60)),
    st.builds(
        lambda text: lines.encoded(text, new=True), st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
    ),
    st.builds(lambda path: lines.restore(f"winrmcp-{lines.name()}.tmp", path, new=True), PATHS),
    st.builds(lines.run_file, PATHS),
    st.builds(lines.run_script, PATHS, PATHS),
    st.builds("shutdown {}".format, st.text('/-rftac 0123456789"x', max_size=20)),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(ANY_LINE, max_size=4), st.binary(max_size=100))
def test_whatever_a_client_says_is_answered(
    tmp_path_factory: pytest.TempPathFactory, said: list[str], content: bytes
) -> None:
    """An exit code, and nothing outside of the machine's folder."""
    folder = tmp_path_factory.mktemp("m")

    async def work(machine: Talk) -> None:
        await machine.upload(content, "C:\\Windows\\Temp\\x.ps1")
        for line in said:
            assert 0 <= (await machine.say(line)).code < 2**32

    on_machine(folder / "machine", work)
    assert [found.name for found in folder.iterdir()] == ["machine"]
    assert {found.name for found in (folder / "machine").iterdir()} <= {"D", DISK, "scripts"}


@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_the_reading_of_tasks_and_calls(text: str, user: str, command: str) -> None:
    whole = lines.wrapper("whoami", user="u", password="")
    for changed in (
        text,
        whole.replace("whoami", text),
        whole.replace("<UserId>u", f"<UserId>{user}"),
        whole[: len(text)],
    ):
        task = parse_task(changed)
        assert task is None or task.name.startswith("packer-")
    assert parse_call(command) is None


def test_a_task_with_a_document_type_is_none() -> None:
    """Entities are how a small text becomes a large one."""
    bomb = lines.wrapper("whoami", user="&a;", password="").replace("<Task ", '<!DOCTYPE a [<!ENTITY a "b">]><Task ')
    assert parse_task(bomb) is None


def zipped(*entries: tuple[str, bytes]) -> bytes:
    """A zip; names that end in a slash are folders."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


async def unpack(machine: Talk, content: bytes | None, folder: str) -> Answer:
    """The two steps of a folder."""
    archive = windows_archive("01-site.zip")
    if content is not None:
        await machine.upload(content, archive)
    return await machine.step(powershell_text(windows_script(archive, folder)))


def test_our_script_unpacks_a_folder(tmp_path: Path) -> None:
    """With thousands of files in one folder, names that only Windows has, and names that only it compares."""
    many = [(f"many/{number}.txt", str(number).encode()) for number in range(3000)]

    async def work(machine: Talk) -> None:
        await machine.upload(b"old", "C:\\site\\Größe.txt")
        answer = await unpack(
            machine, zipped(("GRÖSSE.TXT", b"x"), ("größe.TXT", b"new"), ("..a", b"dots"), *many), "C:\\site"
        )
        assert (answer.code, answer.out, answer.err) == (0, "", "")

    found = on_machine(tmp_path, work)
    files = found.files()
    assert files.pop("site/Größe.txt") == b"new"
    assert files.pop("site/GRÖSSE.TXT") == b"x"
    assert [files.pop(name) for name in list(files) if name.startswith("site/%")] == [b"dots"]
    assert files == {f"site/{name}": content for name, content in many}
    assert rows(found, "folders") == [{"path": "C:\\site", "files": 3003, "size": 8 + sum(len(one) for _, one in many)}]
    (script,) = rows(found, "scripts")
    assert (script["ran"], script["why"]) == (True, "3003 files are in C:\\site")


@pytest.mark.parametrize(
    ("content", "folder", "said"),
    [
        (None, "C:\\site", "Could not find file 'C:\\Windows\\Temp\\imagesmith-01-site.zip'"),
        (b"not fetched", "C:\\site", "cannot be read: File is not a zip file"),
        (zipped(("a", b"a"))[:-30], "C:\\site", "cannot be read"),
        (zipped(("../a", b"a")), "C:\\site", "names '../a', which is not below its folder"),
        (zipped(("a?b", b"a")), "C:\\site", "syntax is incorrect"),
        (zipped(("Temp/x", b"a"), ("Temp", b"a")), "C:\\", "is denied"),
        (zipped(("a", b"a")), "E:\\site", "Cannot find drive"),
    ],
    ids=["missing", "no-zip", "cut", "above", "stream", "folder", "drive"],
)
def test_a_folder_that_cannot_be_unpacked_fails_the_step(
    tmp_path: Path, content: bytes | None, folder: str, said: str
) -> None:
    async def work(machine: Talk) -> None:
        answer = await unpack(machine, content, folder)
        assert answer.code == 1
        assert answer.out.startswith(f"imagesmith: the folder cannot be unpacked to {folder}: ")
        assert said in answer.out

    assert rows(on_machine(tmp_path, work), "folders") == []


def test_a_script_that_only_resembles_ours_is_a_users(tmp_path: Path) -> None:
    script = powershell_text(windows_script(windows_archive("01-site.zip"), "C:\\site"))

    async def work(machine: Talk) -> None:
        await machine.upload(zipped(("a", b"a")), windows_archive("01-site.zip"))
        for text in (script + b"exit 1", b"# mine\r\n" + script, script.replace(b"true", b"false")):
            assert SAID in (await machine.step(text)).out

    assert not [name for name in on_machine(tmp_path, work).files() if name.startswith("site")]


def passing(*valid: int, retries: int = 0) -> Callable[[str, str], str]:
    """How a step is run that the build goes on after."""
    return lambda script, variables: lines.pass_over(script, variables, *valid, retries=retries)


@pytest.mark.parametrize("user", [None, "packer", "SYSTEM"])
@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("exit 0", 0, None),
        ("exit 3010", 3010, None),
        ("exit 7", 0, "7"),
        ("exit -1", 0, "-1"),
        ("throw 'a `reason`'", 0, "1"),
        ("whoami", 0, None),
    ],
)
def test_a_step_that_is_passed_over_ends_well_and_says_so(
    tmp_path: Path, user: str | None, text: str, code: int, said: str | None
) -> None:
    """Elevated or not; what is fine goes on as it is."""

    async def work(machine: Talk) -> None:
        password = PASSWORD if user == "packer" else ""
        answer = await machine.step(text, user=user, password=password, command=passing(0, 3010))
        assert answer.code == code
        told = [line for line in answer.out.splitlines() if line.startswith(PASSED_OVER)]
        assert told == ([f"{PASSED_OVER} {said}"] if said else [])

    found = on_machine(tmp_path, work)
    assert found.files() == {}
    assert rows(found, "unknown") == []


@pytest.mark.parametrize(("tries", "code"), [(1, 7), (2, 7), (3, 0)])
def test_retries_come_before_passing_over(tmp_path: Path, tries: int, code: int) -> None:
    """With two retries the third try is the last one; what counts them is gone then."""

    async def work(machine: Talk) -> None:
        answer = await machine.step("exit 7", command=passing(0, retries=2), tries=tries)
        assert (answer.code, PASSED_OVER in answer.out) == (code, code == 0)

    left = [name for name in on_machine(tmp_path, work).files() if "imagesmith-tries" in name]
    assert left == []


def test_a_script_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        answer = await machine.say(lines.pass_over("c:/Windows/Temp/gone.ps1", "c:/Windows/Temp/gone-too.ps1", 0))
        assert (answer.code, answer.out) == (0, f"{PASSED_OVER} 1\r\n")
        assert "gone" in answer.err

    on_machine(tmp_path, work)
