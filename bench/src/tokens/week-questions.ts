/**
 * Twenty questions about the scripted week, each with the line that answers it and where to look when it is not in the prompt of the person's next turn: by one
 * call of Roost's main session, and by one call of an agent of OpenClaw (a file of its workspace, the log of a job's runs).
 */
import type { ScriptedReply } from "@roost/agent/testing";

type Call = NonNullable<Exclude<ScriptedReply, string>["toolCalls"]>[number];

export interface WeekQuestion {
  asks: string;
  /** Stands in the prompt or in what the call answers. */
  evidence: string;
  call: Call;
  /** A file of the workspace, or the job whose runs tell. */
  elsewhere: { file: string } | { runsOf: string };
}

const recall = (query: string): Call => ({ name: "recall", arguments: { query, marked: true, limit: 20 } });
const read = (path: string): Call => ({ name: "read_file", arguments: { path } });
const state = (name: string): Call => ({ name: "get_state", arguments: { name } });

const question = (asks: string, evidence: string, call: Call, elsewhere: WeekQuestion["elsewhere"]): WeekQuestion => ({
  asks,
  evidence,
  call,
  elsewhere,
});

const memory = { file: "MEMORY.md" };
const first = "memory/2025-11-19.md";
const second = "memory/2025-11-20.md";

export const weekQuestions: readonly WeekQuestion[] = [
  question("When does Jule visit?", "first week of December", recall("When does Jule visit?"), memory),
  question("Where is the spare disk?", "in the drawer under the printer", recall("spare disk"), memory),
  question("Which post was liked least?", "the one on DNS least", recall("post readers liked least"), memory),
  question("What does Mara want to give up?", "give up the second hypervisor", recall("give up by spring"), memory),
  question("Why did the water sensor call?", "false alarm when it is cold", recall("water sensor alarm"), memory),
  question("What must be told at once?", "smoke, water, a failed backup", recall("told at once"), { file: "USER.md" }),
  question("When is Mara awake?", "seven to eleven in the evening", recall("Mara awake"), { file: "USER.md" }),
  question("How long must the inverter be away?", "offline for more than an hour", read(first), { file: first }),
  question("How long did the slow backup take?", "took 48 minutes", read(first), { file: first }),
  question("To which day was the disk check moved?", "Moved it to Sundays", read(second), { file: second }),
  question("What did Jule confirm?", "confirmed the first of December", read(second), { file: second }),
  question("Did the last backup work?", "2025-11-20T21:48:00Z", state("backup"), { file: "memory/backup-state.json" }),
  question(
    "What was Monday's post?",
    "labelling your cables saves an evening",
    recall("post published on Monday about labelling cables"),
    { runsOf: "blog-writer" },
  ),
  question(
    "What was Thursday's post?",
    "failing disk in a NAS sounds like",
    recall("post published about a failing disk"),
    { runsOf: "blog-writer" },
  ),
  question(
    "What was Sunday's post?",
    "buy again for the cellar",
    recall("post published on Sunday, what to buy again"),
    { runsOf: "blog-writer" },
  ),
  question(
    "Which follow-up is third on Friday?",
    "what readers asked on 2025-11-28",
    recall("follow-up: what readers asked on 2025-11-28"),
    { runsOf: "blog-writer" },
  ),
  question("Which video came on Wednesday?", "40 mm against 120 mm", read("work/video-producer/2025-11-26.md"), {
    file: "work/video-producer/2025-11-26.md",
  }),
  question("Which video came on Friday?", "USB-C power cable", read("work/video-producer/2025-11-28.md"), {
    file: "work/video-producer/2025-11-28.md",
  }),
  question("When did a reader comment?", "A comment of 2025-11-24 is new", recall("a new comment"), {
    runsOf: "social-checker",
  }),
  question("What did the weekly review count?", "Three videos", recall("weekly review: videos"), {
    runsOf: "weekly-review",
  }),
];
