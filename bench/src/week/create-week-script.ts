/**
 * The model of the simulated week. Like a model, it knows nothing but what it reads: the prompt says which job asks for which day,
 * the tools' results say what came of the steps before. It wants one topic twice on two days, in other words.
 */
import type { Script, ScriptedReply } from "@roost/agent/testing";
import { readPrompt, type Prompt } from "./read-prompt.ts";
import type { World } from "./start-world.ts";

/** A topic as a job would put it, and what it is about: two with the same meaning are one topic. */
export interface Wish {
  text: string;
  meaning: string;
}

const wish = (meaning: string, text: string): Wish => ({ meaning, text });

/** By job and day, in the order in which the job would like them. */
export const wishes: Record<string, Record<string, Wish[]>> = {
  "blog-writer": {
    "2025-11-24": [wish("labels", "Why labelling your cables saves an evening")],
    "2025-11-25": [
      wish("tour", "A tour of our three mini PCs"),
      wish("inverter", "What the solar inverter says at night"),
    ],
    "2025-11-26": [wish("ups", "Choosing a UPS for a small rack")],
    "2025-11-27": [wish("disk", "What a failing disk in a NAS sounds like")],
    "2025-11-28": [wish("dns", "DNS at home with two resolvers")],
    "2025-11-29": [wish("backups", "Backups that tell you when they failed")],
    "2025-11-30": [wish("cellar", "What I would buy again for the cellar")],
  },
  "video-producer": {
    "2025-11-24": [wish("labels", "How cable labels save you an evening"), wish("tour", "Touring the three mini PCs")],
    "2025-11-26": [wish("fans", "Silent fans: 40 mm against 120 mm")],
    "2025-11-28": [wish("solder", "Soldering a USB-C power cable")],
  },
};

export function createWeekScript(world: World): Script {
  return (request) => {
    const prompt = readPrompt(request);
    if (prompt.kind === "heartbeat") return "HEARTBEAT_OK";
    if (prompt.kind === "main" && prompt.jobId === undefined) return answerPerson(prompt);
    const work = jobs[prompt.jobId ?? ""];
    if (work === undefined) throw new Error(`no script for the job of ${prompt.asked}`);
    return work(prompt, world);
  };
}

const jobs: Record<string, (prompt: Prompt, world: World) => ScriptedReply> = {
  "blog-writer": writePost,
  "video-producer": makeVideo,
  "social-checker": checkSocial,
  "weekly-review": () => "1. Seven posts.\n2. Three videos.\n3. Nothing to complain about.",
};

/** What item 3 of the last list of the blog writer says. The digest names the run; what it said rests on a page and is read by the tool. */
function answerPerson({ asked, results }: Prompt): ScriptedReply {
  if (!/expand item 3/i.test(asked)) return `I read: ${asked}`;
  const read = results.get("read_run");
  const runId = [...asked.matchAll(/blog-writer finished .*\(run (\S+)\)/g)].at(-1)?.[1];
  if (read === undefined) return runId === undefined ? "I know of no list." : call("read_run", { runId });
  const item = /\\n3\. (.+?)(?:\\n|")/.exec(read.join("\n"))?.[1];
  return item === undefined ? "I know of no list." : `More about it: ${item}.`;
}

function writePost(prompt: Prompt, world: World): ScriptedReply {
  const topic = reserveNext(prompt);
  if ("reply" in topic) return topic.reply;
  const day = dayOf(prompt);
  const once = prompt.results.get("once") ?? [];
  const key = { scope: "blog", key: day };
  if (once.length === 0) return call("once", { do: "begin", ...key });
  const begun = JSON.parse(once[0]!) as { state: string; token: string };
  if (begun.state !== "begun") return `The post of ${day} is ${begun.state} already.`;
  if (!prompt.results.has("http_send_keyed")) {
    return call("http_send_keyed", {
      url: `${world.keyed.url}/posts`,
      body: JSON.stringify({ ...topic.granted, day }),
    });
  }
  if (once.length === 1) return call("once", { do: "finish", ...key, token: begun.token, text: topic.granted.text });
  return `Published: ${topic.granted.text}\n${ideasOf(day)
    .map((idea, index) => `${index + 1}. ${idea}`)
    .join("\n")}`;
}

/** Follow-ups that the blog writer lists on a day. */
export function ideasOf(day: string): string[] {
  return ["a shorter one", "the same with pictures", `what readers asked on ${day}`];
}

function makeVideo(prompt: Prompt, world: World): ScriptedReply {
  const topic = reserveNext(prompt);
  if ("reply" in topic) return topic.reply;
  const { results } = prompt;
  const day = dayOf(prompt);
  const body = JSON.stringify({ ...topic.granted, day });
  if (!results.has("write_file")) {
    return call("write_file", { path: `work/video-producer/${day}.md`, text: `# ${topic.granted.text}\n` });
  }
  if (!results.has("http_send_keyed")) return call("http_send_keyed", { url: `${world.keyed.url}/renderings`, body });
  if (!results.has("http_send")) return call("http_send", { url: `${world.plain.url}/announcements`, body });
  if (!results.has("set_state"))
    return call("set_state", { name: "video-producer", patch: { topic: topic.granted.text } });
  const isUnknown = results.get("http_send")?.some((text) => text.startsWith("Outcome unknown")) === true;
  return `Rendered: ${topic.granted.text}.${isUnknown ? " I cannot tell whether it was announced." : ""}`;
}

/** New is what came since the check before. */
function checkSocial({ results, scheduledFor = "" }: Prompt, world: World): ScriptedReply {
  if (results.size === 0) {
    return calls([
      { name: "http_fetch", arguments: { url: `${world.keyed.url}/comments` } },
      { name: "set_state", arguments: { name: "social-checker", patch: {} } },
    ]);
  }
  const day = scheduledFor.slice(0, 10);
  const found = results.get("http_fetch")?.[0] ?? "";
  const seen = results.get("set_state") ?? [];
  const isNew = found.includes(day) && seen.every((text) => !text.includes(day));
  if (!isNew) return seen.length === 1 ? "NO_REPLY" : `1. A comment of ${day} is new.`;
  return call("set_state", { name: "social-checker", patch: { seen: day } });
}

/** The first free wish of the day, or the call that finds out. */
function reserveNext(prompt: Prompt): { granted: Wish } | { reply: ScriptedReply } {
  const wanted = wishes[prompt.jobId ?? ""]?.[dayOf(prompt)] ?? [];
  const answers = prompt.results.get("reserve_subject") ?? [];
  const granted = answers.findIndex((text) => (JSON.parse(text) as { granted: boolean }).granted);
  const chosen = granted < 0 ? undefined : wanted[granted];
  if (chosen !== undefined) return { granted: chosen };
  const next = wanted[answers.length];
  return {
    reply:
      next === undefined
        ? "Nothing new to make today."
        : call("reserve_subject", { scope: "subjects", text: next.text }),
  };
}

function dayOf({ scheduledFor }: Prompt): string {
  return (scheduledFor ?? "").slice(0, 10);
}

type ToolCalls = NonNullable<Exclude<ScriptedReply, string>["toolCalls"]>;

function call(name: string, given: ToolCalls[number]["arguments"]): ScriptedReply {
  return calls([{ name, arguments: given }]);
}

function calls(toolCalls: ToolCalls): ScriptedReply {
  return { toolCalls };
}
