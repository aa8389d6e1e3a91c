/** A home of OpenClaw (2026.3) as years of use leave it: notes in folders, and conversations of a few hundred to many thousand messages. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface LargeHomeSize {
  fileCount: number;
  messageCount: number;
}

/** A file has some two kilobytes; every seventh conversation is thirty times as long as the others. */
export async function writeLargeHome(directory: string, { fileCount, messageCount }: LargeHomeSize): Promise<void> {
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  };
  await put("openclaw.json", JSON.stringify({ agents: { list: [{ id: "main" }] } }));
  await put("workspace/SOUL.md", "Calm and exact.\n");
  for (let number = 1; number < fileCount; number += 1) await put(placeOf(number), noteOf(number));
  const index: Record<string, object> = {};
  for (let said = 0, number = 0; said < messageCount; number += 1) {
    const count = Math.min(messageCount - said, number % 7 === 6 ? 6_000 : 200);
    const id = `session-${String(number).padStart(4, "0")}`;
    await put(`agents/main/sessions/${id}.jsonl`, transcriptOf(id, count));
    index[`agent:main:talk-${number}`] = { sessionId: id, updatedAt: startMs + number };
    said += count;
  }
  await put("agents/main/sessions/sessions.json", JSON.stringify(index));
}

const startMs = Date.UTC(2026, 0, 1);
const perFolder = 200;

function placeOf(number: number): string {
  const day = new Date(startMs - number * 86_400_000).toISOString().slice(0, 10);
  if (number < 400) return `workspace/memory/${day}.md`;
  return `workspace/notes/${Math.floor(number / perFolder)}/note-${number}.md`;
}

const words =
  "tide lantern ledger orchard signal granite harbour copper meadow cipher willow anchor timber saffron".split(" ");
const sentenceOf = (seed: number, length: number) =>
  Array.from({ length }, (_, index) => words[(seed * 7 + index * (1 + (seed % 5))) % words.length]).join(" ");

function noteOf(number: number): string {
  const lines = Array.from({ length: 20 }, (_, index) => `- ${number}.${index}: ${sentenceOf(number + index, 14)}`);
  return `# Note ${number}\n\n${lines.join("\n")}\n`;
}

function transcriptOf(id: string, count: number): string {
  const lines: object[] = [{ type: "session", version: 3, id, timestamp: timeOf(0), cwd: "/x" }];
  for (let number = 1; number <= count; number += 1)
    lines.push({
      type: "message",
      id: `${id}-${number}`,
      parentId: number === 1 ? null : `${id}-${number - 1}`,
      timestamp: timeOf(number),
      message: {
        role: number % 2 === 1 ? "user" : "assistant",
        content: [{ type: "text", text: `${number}: ${sentenceOf(number, 30)}` }],
        ...(number % 2 === 0 && { provider: "p", model: "m", usage: { input: 900, output: 60 } }),
      },
    });
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

function timeOf(minutes: number): string {
  return new Date(startMs + minutes * 60_000).toISOString();
}
