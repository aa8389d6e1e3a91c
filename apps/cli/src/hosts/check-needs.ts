/**
 * Whether this machine has what processes of a home need: a way to its database, for workers and gateways to its object store and the secrets that they resolve, for a relay
 * the addresses of Kafka. Changes nothing.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { RoostError } from "@roost/base";
import type { HostNeeds, HostRoles } from "@roost/contract/operations";
import { whyUnresolved } from "@roost/memory/settings";
import { checkBucket, readBucket } from "@roost/objects";
import type { CliConfig } from "../config.ts";

/** Of each of the two answers: in plain text, and encrypted. */
const answerMsDefault = 5_000;
const noAnswer = "no answer in time";
const portDefault = 5432;
/** SSLRequest of PostgreSQL's protocol: the server answers S or N before anybody logs in. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** @throws RoostError `unavailable` or `invalid_input` that says what to do; secrets that are missing are told, since they can come later */
export async function checkNeeds(
  { servers, objects, secrets, tls }: HostNeeds,
  {
    config: { homeDir, environment },
    note,
    roles,
    answerMsMax = answerMsDefault,
  }: {
    config: Pick<CliConfig, "homeDir" | "environment">;
    note: (text: string) => void;
    /** What it may run. */
    roles?: HostRoles | undefined;
    answerMsMax?: number;
  },
): Promise<void> {
  const tried = await Promise.all(
    servers.map(async (server) => ({ server, problem: await askServer(server, { tls, answerMsMax }) })),
  );
  if (tried.every(({ problem }) => problem !== undefined)) {
    const told = tried.map(({ server, problem }) => `${server}: ${problem}`).join("; ");
    throw new RoostError(
      "unavailable",
      `this machine does not reach the home's database (${told}): processes here need a DATABASE_URL that both reach. Open the way to it, or move the home with roost database move URL. Nothing was changed, and the code counts still`,
    );
  }
  const bucket = objects === undefined ? undefined : readBucket({ ...environment, OBJECTS_URL: objects });
  if (bucket !== undefined) await checkBucket(bucket);
  if (roles?.relay === true && (environment["KAFKA_BROKERS"]?.trim() ?? "") === "")
    note("The relay here will not start without KAFKA_BROKERS, which is not set (docs/kafka.md)");
  for (const reference of secrets) {
    const problem = await whyUnresolved(reference, { homeDir, env: environment });
    if (problem === undefined) continue;
    const lacking =
      roles?.workers === false
        ? "A gateway here starts without it, and what takes it fails"
        : "Workers here will not start without it";
    note(`${lacking}: ${problem}`);
  }
}

/** Why it does not answer as PostgreSQL does, or is not whom its certificate should name; undefined: it does. `server`: host:port, or the folder of a socket. */
async function askServer(
  server: string,
  { tls, answerMsMax }: Pick<HostNeeds, "tls"> & { answerMsMax: number },
): Promise<string | undefined> {
  const [, host = server, port = String(portDefault)] = /^(.*?)(?::(\d+))?$/.exec(server) ?? [];
  const name = host.replace(/^\[|\]$/g, "");
  const socket = host.startsWith("/")
    ? connect({ path: `${host}/.s.PGSQL.${port}` })
    : connect({ host: name, port: Number(port) });
  try {
    const answer = await answerOf(socket, answerMsMax);
    if (answer === "N") return tls === null ? undefined : "it takes no encrypted connections, and the home's are";
    if (answer !== "S") return answer;
    return tls?.isVerified === true ? await verify(socket, { name, authority: tls.authority, answerMsMax }) : undefined;
  } finally {
    socket.destroy();
  }
}

/** S or N, or why there is neither. */
function answerOf(socket: Socket, answerMsMax: number): Promise<string> {
  return new Promise((resolve) => {
    socket.setTimeout(answerMsMax, () => resolve(noAnswer));
    socket.once("error", (error) => resolve(error.message));
    socket.once("connect", () => socket.write(sslRequest));
    socket.once("data", (bytes) => {
      const answer = bytes.toString("latin1").slice(0, 1);
      resolve(/^[SN]$/.test(answer) ? answer : "what answers is no PostgreSQL");
    });
    socket.once("close", () => resolve("the connection was closed"));
  });
}

/** As the driver will do it. */
function verify(
  socket: Socket,
  { name, authority, answerMsMax }: { name: string; authority: string | null; answerMsMax: number },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const secured = connectTls({
      socket,
      host: name,
      ...(isIP(name) === 0 && { servername: name }),
      ...(authority !== null && { ca: authority }),
    });
    // Also where a byte comes now and then.
    AbortSignal.timeout(answerMsMax).addEventListener("abort", () => resolve(noAnswer), { once: true });
    secured.once("secureConnect", () => resolve(undefined));
    secured.once("error", (error) => resolve(`its certificate does not hold here: ${error.message}`));
    socket.once("close", () => resolve("the connection was closed"));
  });
}
