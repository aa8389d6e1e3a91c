/**
 * `npm run infra -- kafka [--brokers 3] [--secure]`, `postgres [--replica | --version 16]`, `s3`, `garage`: starts a real server, prints how to reach it, and stops it with
 * Ctrl-C. `npm run infra -- install [PART …]` installs what they need, and says what cannot be.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { installParts } from "./install-parts.ts";
import { isNpmPostgresVersion, partNames, type NpmPostgresVersion, type PartName } from "./parts.ts";
import { startKafka } from "./start-kafka.ts";
import { startPostgres } from "./start-postgres.ts";
import { startS3 } from "./start-s3.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    brokers: { type: "string", default: "1" },
    secure: { type: "boolean", default: false },
    replica: { type: "boolean", default: false },
    version: { type: "string" },
  },
});
const [what, ...names] = positionals;

if (what === "install") await installParts(names.length === 0 ? partNames : (names as PartName[]), say);
else await keep();

/** A major version that npm has. */
function readVersion(): NpmPostgresVersion | undefined {
  if (values.version === undefined) return undefined;
  const major = Number(values.version);
  if (!isNpmPostgresVersion(major))
    throw new Error(`there is no PostgreSQL ${values.version} to start: give 15, 16 or 17`);
  return major;
}

async function keep(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  // A promise alone keeps no process alive.
  const alive = setInterval(() => undefined, 60_000);
  if (what === "kafka") {
    await using kafka = await startKafka({ brokers: values.brokers === "3" ? 3 : 1, secure: values.secure });
    say(`KAFKA_BROKERS=${kafka.brokers.join(",")}`);
    if (kafka.certificates !== undefined) {
      say(`KAFKA_CA_FILE=${kafka.certificates.authorityFile}`);
      say(`KAFKA_USERNAME=${kafka.user.username}`);
      say(`KAFKA_PASSWORD="${kafka.user.password}"`);
    }
    await stopped;
  } else if (what === "postgres") {
    const version = readVersion();
    await using postgres = await startPostgres({ replica: values.replica, version, durable: version === undefined });
    await writeFile(postgres.certificates.authorityFile, postgres.certificates.authority, { mode: 0o644 });
    const more = values.replica ? { target_session_attrs: "read-write" } : {};
    const trust = { sslmode: "verify-full", sslrootcert: postgres.certificates.authorityFile };
    say(`DATABASE_URL="${postgres.url({ ...trust, ...more })}"`);
    // For the suites, as its administrator: without syncing where a version was chosen.
    say(`ROOST_TEST_DATABASE_URL="${postgres.localUrl}"`);
    await stopped;
  } else if (what === "s3" || what === "garage") {
    await using s3 = await startS3({ server: what });
    say(
      `endpoint ${s3.endpoint}, bucket roost, region ${s3.region}, key ${s3.accessKeyId}, secret ${s3.secretAccessKey}`,
    );
    await stopped;
  } else {
    say(
      "usage: npm run infra -- install [kafka|postgres|pgbouncer|s3|hosts|compose|garage …] | kafka [--brokers 3] [--secure] | postgres [--replica | --version 15|16|17] | s3 | garage",
    );
    process.exitCode = 64;
  }
  clearInterval(alive);
}
