/**
 * Stands in for gateway and workers in tests of the supervisor: a real process that speaks only its protocol. It misbehaves as the file `<process
 * name>.order` in its home says, read at every start:
 * `refuse CODE` (exits so), `crash` (exit 1), `stubborn` (ignores SIGTERM), `hang` (stops answering once ready),
 * `deaf` (ignores everything once ready), `slow` (never becomes ready), `later` (becomes ready at SIGUSR2), `services` (says that there are services). At
 * SIGUSR2 the gateway says again whether there are, and the services ask for another process in their place.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const home = process.env["ROOST_HOME"] ?? ".";
const name = process.env["ROOST_PROCESS"] ?? "";
const orderFile = join(home, `${name}.order`);
const readOrder = () => (existsSync(orderFile) ? readFileSync(orderFile, "utf8").trim() : "");
const order = readOrder();
let isReady = false;

function log(level: string, message: string): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message })}\n`);
}

const told = Promise.withResolvers<string>();
process.on("message", (message) => {
  if (order === "hang" && isReady) for (;;);
  const { type, url } = message as { type?: unknown; url?: string };
  if (type === "ping") process.send?.({ type: "pong" });
  if (type === "database") told.resolve(url!);
});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => {
  if (order === "stubborn") return;
  writeFileSync(join(home, `${name}.stopped`), String(process.hrtime.bigint()));
  process.exit(0);
});

process.on("SIGUSR2", () => {
  if (order === "later") return void process.send?.({ type: "ready" });
  process.send?.(name === "gateway" ? { type: "services", has: readOrder() === "services" } : { type: "replace" });
});

if (order.startsWith("refuse")) {
  log("error", "ROOST_PORT is taken");
  process.exit(Number(order.split(" ")[1]));
}
if (order === "crash") throw new Error("out of birdseed");
if (process.env["ROOST_DATABASE_URL"] === undefined) process.send?.({ type: "database" });
log("info", `database ${process.env["ROOST_DATABASE_URL"] ?? (await told.promise)}`);
isReady = true;
if (order !== "slow" && order !== "later") {
  const ofGateway = { url: "http://127.0.0.1:7717", model: "a parrot", hasServices: order === "services" };
  const ready = { type: "ready", ...(name === "gateway" ? ofGateway : {}) };
  process.send?.(ready, () => {
    if (order === "deaf") for (;;);
  });
}
