/**
 * What five hundred agents cost a home as a person starts it: time to ready, memory at idle, and the prompt of a turn of main; then the whole home with seventeen
 * services beside them.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedModelServer } from "@roost/agent/testing";
import { delay } from "@roost/base";
import { readHomeMemory, type HomeMemory } from "../living-home/home-processes.ts";
import { startWholeHome } from "../living-home/start-whole-home.ts";
import { scriptedEnvironment, wholeHomeClient } from "../living-home/whole-home-client.ts";
import { writeIdleService } from "../living-home/write-idle-service.ts";
import { formatMs, type Measure } from "../measure.ts";
import { statistics } from "../statistics.ts";
import { countRequest, sumOf } from "../tokens/count-request.ts";

const agentCount = 500;
const serviceCount = 17;
const aimAddedMsMax = 500;
const aimAddedMibMax = 50;
const aimWholeMibMax = 500;
/** Caches of the start and connections that are not used are given back by then. */
const idleMs = 60_000;

export const measureAgents: Measure = async ({ isQuick, onProgress }) => {
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  const [bare, home] = [join(directory, "bare"), join(directory, "roost")];
  await using model = await startScriptedModelServer({ script: () => "Done." });
  try {
    const environment = await scriptedEnvironment(model.url);
    const startOnce = async (place = home, work: (pid: number) => Promise<void> = async () => undefined) => {
      await using started = await startWholeHome(place, environment);
      await work(started.pid);
      return started.startMs;
    };
    const look = async (round: number) => {
      let tokens = 0;
      let memory: HomeMemory | undefined;
      await startOnce(home, async (pid) => {
        const api = await wholeHomeClient(home, environment);
        // Throws when the home took no such file.
        if (round > 0) await api.getAgent({ agentId: `agent-${agentCount - 1}` });
        const { runId } = await api.sendMessage({ sessionKey: `look-${round}`, text: "What is new?" });
        for await (const { data } of api.watchRun({ runId })) if (data.kind === "over") break;
        tokens = sumOf(countRequest(model.requests.at(-1)!));
        await delay(isQuick ? 1_000 : idleMs);
        memory = await readHomeMemory(pid, home);
      });
      return { tokens, memory: memory! };
    };
    onProgress("a home without agents of its own");
    for (const place of [bare, home]) await startOnce(place);
    const none = await look(0);
    onProgress(`the same with ${agentCount} agents`);
    await mkdir(join(home, "agents"), { recursive: true });
    for (let number = 0; number < agentCount; number += 1)
      await writeFile(join(home, `agents/agent-${number}.md`), agentText(number));
    const definedMs = await startOnce();
    const many = await look(1);
    // By turns, so that both meet the same load.
    const [without, withAgents]: [number[], number[]] = [[], []];
    for (let count = isQuick ? 1 : 5; count > 0; count -= 1) {
      without.push(await startOnce(bare));
      withAgents.push(await startOnce());
    }
    const [start, startMany] = [statistics(without), statistics(withAgents)];
    onProgress(`the same with ${serviceCount} services; so far ${describe(none)}, then ${describe(many)}`);
    const names = Array.from({ length: isQuick ? 2 : serviceCount }, (_, index) => `idle-${index}`);
    for (const name of names) await writeIdleService(home, name);
    const settings = join(home, "roost.yaml");
    const others = (await readFile(settings, "utf8")).replace(/^services:.*$/m, "");
    await writeFile(settings, `${others}\nservices: [${names.join(", ")}]\n`);
    const whole = await look(2);
    const addedMs = startMany.p50 - start.p50;
    const addedMib = many.memory.mib - none.memory.mib;
    return [
      {
        name: `time to ready that ${agentCount} agents add to npm start, p50`,
        value: formatMs(addedMs),
        details: `${formatMs(startMany.p50)} against ${formatMs(start.p50)} of ${start.count}, by turns; ${formatMs(definedMs)} when they are new`,
        aim: `≤ ${aimAddedMsMax} ms`,
        isMet: addedMs <= aimAddedMsMax,
      },
      {
        name: "memory that they add at idle (PSS)",
        value: `${addedMib.toFixed(0)} MiB`,
        details: `${many.memory.parts} against ${none.memory.parts}`,
        aim: `≤ ${aimAddedMibMax} MiB`,
        isMet: addedMib <= aimAddedMibMax,
      },
      {
        name: "tokens that they add to the prompt of a turn of main",
        value: String(many.tokens - none.tokens),
        details: `${many.tokens.toLocaleString("en")} against ${none.tokens.toLocaleString("en")}`,
        aim: "0",
        isMet: many.tokens === none.tokens,
      },
      {
        name: `memory of the whole home with them and ${names.length} services at idle (PSS)`,
        value: `${whole.memory.mib.toFixed(0)} MiB`,
        details: whole.memory.parts,
        aim: `≤ ${aimWholeMibMax} MiB`,
        isMet: whole.memory.mib <= aimWholeMibMax,
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

function describe({ tokens, memory }: { tokens: number; memory: HomeMemory }): string {
  return `${memory.mib.toFixed(0)} MiB, ${tokens} tokens`;
}

/** As a person writes one: what it is for, tools, a cap, and some instructions. */
function agentText(number: number): string {
  return `---
title: Reader ${number}
description: Reads what comes in about subject ${number} and says what changed since it last looked.
tools: [read_file, list_files, get_state, set_state, http_fetch]
budget: { usdMax: 0.2 }
---

You look after subject ${number}. Read the state first. Report at most five numbered lines: what is new, where it stands, and what the person should decide.
If nothing is new, say NO_REPLY.
`;
}
