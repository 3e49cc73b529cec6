"""What can go wrong while files are fetched, as rules, and the exceptions that carry it out of a download."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, Rule, Severity

UNKNOWN_SCHEME = Rule(
    code="IMG600",
    severity=Severity.ERROR,
    title="a file cannot be fetched from this kind of address",
    cause="Files come by https, by http with a checksum, or from a path relative to the template.",
    fix="put the file on an https server, or beside the template, and name it by its relative path",
    example='"scriptUri": "ftp://contoso.example/setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="architecture §4.3",
)
HTTP_WITHOUT_CHECKSUM = Rule(
    code="IMG601",
    severity=Severity.ERROR,
    title="http needs a checksum",
    cause="Anybody on the way can change what http carries, and it would be run on the machine.",
    fix="use https, or add sha256Checksum (sha256sum FILE) beside the address",
    example='"scriptUri": "http://contoso.example/setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="architecture §4.3",
)
UNREADABLE_URL = Rule(
    code="IMG602",
    severity=Severity.ERROR,
    title="the address of a file cannot be read",
    cause="It has no host, a bad port, control characters or a host name that no server can have.",
    fix="write the address as a browser shows it: https://HOST/PATH",
    example='"scriptUri": "https:///setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="RFC 3986 §3",
)
PASSWORD_IN_URL = Rule(
    code="IMG603",
    severity=Severity.ERROR,
    title="user and password in an address are not used",
    cause="They would stand readable in the template, and the service does not take them either.",
    fix="use a SAS (blob storage), or a login that may read the blob; change the password that stood here",
    example='"scriptUri": "https://user:password@contoso.example/setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="architecture §4.3; RFC 3986 §3.2.1",
)
REFUSED_ADDRESS = Rule(
    code="IMG604",
    severity=Severity.ERROR,
    title="a file's address leads to this machine or to a metadata service",
    cause="Services there trust whoever reaches them, and a template could bring their answers into an image.",
    fix="if the host is meant, open it by name: --allow-host HOST",
    example='"scriptUri": "https://localhost/setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="architecture §4.3",
)
BAD_REDIRECT = Rule(
    code="IMG605",
    severity=Severity.ERROR,
    title="the server redirects without an end or to a place that cannot be used",
    cause="At most five redirects are followed, each to https (or to http with a checksum).",
    fix="open the address in a browser and use the one that it ends at",
    source="architecture §4.3",
)
NOT_SERVED = Rule(
    code="IMG606",
    severity=Severity.ERROR,
    title="the server does not give the file",
    cause="It answered with an error that a repetition would not change.",
    fix="check the address; a file that is not public needs a SAS in it, or a login that may read it",
    source="aib-templates.md §2.3",
)
SERVER_FAILS = Rule(
    code="IMG607",
    severity=Severity.ERROR,
    title="the server could not be reached or broke off, time and again",
    cause="Every attempt ended in an error that usually passes: busy, timed out, connection lost.",
    fix="try again later; behind a proxy set HTTPS_PROXY; keep the file beside the template if this goes on",
    source="aib-templates.md §2.1; demand.md §3.4",
)
UNKNOWN_HOST = Rule(
    code="IMG608",
    severity=Severity.ERROR,
    title="the host's name is not known",
    cause="The name server has no address for it.",
    fix="check the spelling of the host and this machine's network (behind a proxy set HTTPS_PROXY)",
    example='"scriptUri": "https://contoso.invalid/setup.sh"',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="RFC 6761 §6.4",
)
UNTRUSTED = Rule(
    code="IMG609",
    severity=Severity.ERROR,
    title="the server's certificate is not trusted",
    cause="It is not signed by an authority that this machine trusts, has run out, or is for another name.",
    fix="if an authority of your company signed it, set SSL_CERT_FILE to a file with its certificate",
    source="RFC 9110 §4.3.4",
)
TOO_LARGE = Rule(
    code="IMG610",
    severity=Severity.ERROR,
    title="the file is larger than allowed",
    cause="Sizes are limited, also of what a compressed answer unpacks to, so that no server can fill the disk.",
    fix="let a script on the machine download large files; the service is slow above 20 MB as well",
    source="architecture §4.3; aib-templates.md §2.3.5",
)
CHECKSUM_DIFFERS = Rule(
    code="IMG611",
    severity=Severity.ERROR,
    title="the file is not the one that the checksum was made of",
    cause="The file was changed after sha256Checksum was written, or another one is served.",
    fix="look at the file; if the change is meant, write the new checksum into the template",
    source="aib-templates.md §2.3.6",
)
HTML_PAGE = Rule(
    code="IMG612",
    severity=Severity.WARNING,
    title="a web page was served in the place of the file",
    cause="Pages about a file and pages that ask for a login are answered like the file itself.",
    fix="use the address of the file itself (on GitHub: the one behind the button Raw)",
    example='"scriptUri": "https://github.com/contoso/images/blob/main/setup.sh"',
    corrected='"scriptUri": "https://raw.githubusercontent.com/contoso/images/main/setup.sh"',
    source="aib-templates.md §2.3",
)
LFS_POINTER = Rule(
    code="IMG613",
    severity=Severity.WARNING,
    title="a Git LFS pointer was served in the place of the file",
    cause="raw.githubusercontent.com gives what is in git; large files stand there as three lines of text.",
    fix="use https://media.githubusercontent.com/media/OWNER/REPOSITORY/BRANCH/PATH, or a release's asset",
    source="Git LFS specification, The Pointer",
)
OFFLINE = Rule(
    code="IMG614",
    severity=Severity.ERROR,
    title="the file is not in the cache, and the network may not be used",
    cause="--offline was given, and no earlier run has fetched this file.",
    fix="fetch once with the network: imagesmith compile --fetch",
    source="architecture §4.3",
)
FROM_CACHE = Rule(
    code="IMG615",
    severity=Severity.NOTE,
    title="an earlier copy of the file is used",
    cause="--offline was given, and without a checksum nobody can say whether the file has changed since.",
    fix="add sha256Checksum to make this certain",
    source="architecture §4.3",
)
CHANGED_SINCE = Rule(
    code="IMG632",
    severity=Severity.NOTE,
    title="the file has changed since it was last fetched",
    cause="The address gives other content than at the last fetch on this machine, and nothing pins it: two builds of"
    " the same template make different images.",
    fix="look at what has changed; `imagesmith lock` or sha256Checksum pins it",
    source="docs/files.md",
)
NO_FOLDER = Rule(
    code="IMG616",
    severity=Severity.ERROR,
    title="a template from stdin has no folder for relative paths",
    cause="A relative path is looked up beside the template, and stdin is beside nothing.",
    fix="give the template as a file, or use an https address",
    example='"scriptUri": "scripts/setup.sh"   # imagesmith build -',
    corrected='"scriptUri": "https://contoso.example/setup.sh"',
    source="architecture §4.3",
)
OUTSIDE_ROOT = Rule(
    code="IMG617",
    severity=Severity.ERROR,
    title="a path leads out of the template's folder",
    cause="A template must not read other files of the machine that builds it; links are followed before the check.",
    fix="move the file below the template, or name the folder that holds both: --root DIR",
    example='"scriptUri": "../../etc/passwd"',
    corrected='"scriptUri": "scripts/setup.sh"',
    source="architecture §4.3",
)
ABSOLUTE_PATH = Rule(
    code="IMG618",
    severity=Severity.ERROR,
    title="a path on this machine must be relative to the template",
    cause="An absolute path means another file on every machine, and the template could read any of them.",
    fix="write it relative to the template's folder",
    example='"scriptUri": "file:///home/user/images/scripts/setup.sh"',
    corrected='"scriptUri": "scripts/setup.sh"',
    source="architecture §4.3",
)
NO_SUCH_FILE = Rule(
    code="IMG619",
    severity=Severity.ERROR,
    title="there is no such file beside the template",
    cause="The path is relative to the template's folder; a folder or a device is no file.",
    fix="check the spelling (case counts) and that the file is readable",
    example='"scriptUri": "scripts/setpu.sh"',
    corrected='"scriptUri": "scripts/setup.sh"',
    source="architecture §4.3; aib-templates.md §2.3.5",
)
BAD_ENCODING = Rule(
    code="IMG620",
    severity=Severity.ERROR,
    title="the server packed the file in a way that cannot be undone",
    cause="The answer's Content-Encoding is neither gzip nor deflate, or its data are damaged.",
    fix="have the file served as it is; for a blob, clear its property Content-Encoding",
    source="RFC 9110 §8.4",
)
BAD_PROXY = Rule(
    code="IMG621",
    severity=Severity.ERROR,
    title="the proxy cannot be used",
    cause="A proxy's address is http://HOST:PORT, and it has to let through what the template names.",
    fix="check HTTPS_PROXY and HTTP_PROXY; NO_PROXY lists the hosts that are reached without it",
    source="RFC 9110 §9.3.6",
)
CACHE_UNUSABLE = Rule(
    code="IMG622",
    severity=Severity.ERROR,
    title="a fetched file cannot be kept",
    cause="The cache's folder cannot be written to, or the disk is full.",
    fix="make space, or name another folder",
    source="architecture §4.3",
)
UNREADABLE_SHEBANG = Rule(
    code="IMG623",
    severity=Severity.WARNING,
    title="Linux cannot read the first line of the script",
    cause="It ends in CR LF or begins with a byte order mark, so the interpreter that it names is not found.",
    fix="save the script with LF line ends and without a byte order mark (git: `*.sh text eol=lf` in .gitattributes)",
    source="execve(2), Interpreter scripts",
)


class FetchError(Exception):
    """A file that will not come, also if it were tried again; the diagnostic has no path yet."""

    def __init__(self, rule: Rule, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.diagnostic: Diagnostic = rule.at((), message, hint=hint)


class PassingError(Exception):
    """A failure that a repetition may mend; `retry_after_s` is what the server asked for."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.retry_after_s = retry_after_s


class CancelledError(Exception):
    """Somebody asked for an end."""
