/** The child's side of the comparison's protocol: calls come over IPC, one answer each. A lost parent ends the program. */
import type { PeerAnswer, PeerCall, PeerProgram, PeerSetup } from "./peer.ts";

export function servePeer(program: PeerProgram): void {
  const send = (answer: PeerAnswer) => void process.send?.(answer);
  const prepared: { setup?: PeerSetup } = {};
  const report = (event: string) => send({ event, atMs: Date.now() });
  const carryOut = async (call: PeerCall): Promise<unknown> => {
    if (call.call === "facts") return program.facts;
    if (call.call !== "workload") {
      prepared.setup = call.setup;
      return call.call === "prepare" ? program.prepare(call.setup) : undefined;
    }
    const workload = program.workloads[call.name];
    if (workload === undefined) throw new Error(`it has nothing for the workload "${call.name}"`);
    if (prepared.setup === undefined) throw new Error("prepare was not called");
    return workload(call.parameters, { setup: prepared.setup, report });
  };
  process.on("message", (call: PeerCall) => {
    carryOut(call).then(
      (value) => send({ id: call.id, value }),
      (error: unknown) => send({ id: call.id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}
