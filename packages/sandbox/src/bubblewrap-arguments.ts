/** What a confined program sees: the system's programs, read only; its directory; a /tmp of its own; nothing else of the machine. */
import { lstatSync, readlinkSync } from "node:fs";

export interface View {
  /** May be written. Under its own path, since programs note where they are. */
  directory: string;
  /** Further paths that it may read. */
  readable?: readonly string[];
  hasNetwork?: boolean;
  /** Beside PATH, HOME, LANG and TMPDIR. */
  env?: Readonly<Record<string, string>>;
}

/** Its user there, whichever user runs Roost. */
const userId = "1000";
const tmpBytesMax = 512 * 1024 * 1024;

/** Of /etc: how programs find each other and what they trust; no names of people, no keys. */
const configuration = [
  "/etc/alternatives",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/localtime",
  "/etc/ssl",
  "/etc/ca-certificates",
  "/etc/pki",
  "/etc/mime.types",
];
const networkConfiguration = ["/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts", "/etc/services"];

export function bubblewrapArguments({ directory, readable = [], hasNetwork = false, env = {} }: View): string[] {
  const variables = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp", LANG: "C.UTF-8", TMPDIR: "/tmp", ...env };
  return [
    "--die-with-parent --new-session --unshare-all --unshare-user --disable-userns --cap-drop ALL --clearenv".split(
      " ",
    ),
    hasNetwork ? ["--share-net"] : [],
    ["--uid", userId, "--gid", userId, "--hostname", "roost"],
    Object.entries(variables).flatMap(([name, value]) => ["--setenv", name, value]),
    ["--ro-bind", "/usr", "/usr"],
    ["bin", "sbin", "lib", "lib32", "lib64"].flatMap(systemFolder),
    readOnly([...configuration, ...(hasNetwork ? networkConfiguration : [])]),
    // Where root runs Roost, the kernel takes these programs for root: unless /proc is read-only, they could write its settings in /proc/sys.
    ["--proc", "/proc", "--remount-ro", "/proc"],
    ["--dev", "/dev", ...sizedTmp("/dev/shm"), "--remount-ro", "/dev", ...sizedTmp("/tmp")],
    readOnly(readable),
    // Files written elsewhere would be memory outside of all limits.
    ["--bind", directory, directory, "--chdir", directory, "--remount-ro", "/", "--"],
  ].flat();
}

function readOnly(paths: readonly string[]): string[] {
  return paths.flatMap((path) => ["--ro-bind-try", path, path]);
}

function sizedTmp(path: string): string[] {
  return ["--size", String(tmpBytesMax), "--tmpfs", path];
}

/** Where they are not folders of /usr, they are links into it. */
function systemFolder(name: string): string[] {
  const stats = lstatSync(`/${name}`, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  return stats.isSymbolicLink()
    ? ["--symlink", readlinkSync(`/${name}`), `/${name}`]
    : ["--ro-bind", `/${name}`, `/${name}`];
}
