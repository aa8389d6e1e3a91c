/** `roost chat`: an interactive conversation with history, commands and incoming notices. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline/promises";
import { createId, RoostError, toRoostError, writeFileDurably } from "@roost/base";
import type { Event, PartRef } from "@roost/contract/operations";
import { describePart } from "@roost/contract/part";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { answerOf } from "./ask.ts";
import { createOpenQuestions, readAsked, readChosen } from "../conversation/create-open-questions.ts";
import { createRunView } from "../conversation/create-run-view.ts";
import { followRun } from "../conversation/follow-run.ts";
import { uploadFile } from "../conversation/upload-file.ts";
import { watchNotices } from "../conversation/watch-notices.ts";
import { reportError } from "../report-error.ts";
import { cutText, plainLine, plainText } from "@roost/base/text-width";

const historyLinesMax = 500;
const prompt = "you> ";

const commandHelp = `/help        show this list
/file PATH   hand a file over with your next message
/why         show why the last answer happened and what it caused
/cancel      cancel the current answer (also Ctrl-C)
/quit        leave (also Ctrl-D); running work goes on`;

export function addChatCommand(program: Command, context: CliContext): void {
  program
    .command("chat")
    .summary("talk with a session interactively")
    .description(
      "Talks with a session interactively; /help lists the commands, Ctrl-C cancels an answer. A question that an answer waits for is answered by the next line. Without a terminal, each line of stdin is one message. With --json each answer and each question is one line.",
    )
    .option("-s, --session <key>", "session to talk with", "main")
    .action(async ({ session }: { session: string }) => {
      const { client } = await context.connect();
      await new Chat(context, client, session).run();
    });
}

class Chat {
  readonly #context: CliContext;
  readonly #client: RoostClient;
  readonly #sessionKey: string;
  /** A person is at the terminal. */
  readonly #isInteractive: boolean;
  #runId: string | undefined;
  /** Said, and not yet obeyed. */
  readonly #lines: string[] = [];
  #questions = createOpenQuestions();
  #isAnswering = false;
  /** For the next message. */
  #files: PartRef[] = [];

  constructor(context: CliContext, client: RoostClient, sessionKey: string) {
    this.#context = context;
    this.#client = client;
    this.#sessionKey = sessionKey;
    this.#isInteractive = context.terminal.isInteractive && !context.terminal.isJson;
  }

  async run(): Promise<void> {
    const { terminal, config, stdin, stdout } = this.#context;
    const historyFile = join(config.homeDir, ".roost", "chat-history");
    const input = createInterface({
      input: stdin,
      ...(this.#isInteractive ? { output: stdout, history: await readHistory(historyFile) } : {}),
      historySize: historyLinesMax,
      removeHistoryDuplicates: true,
      prompt: terminal.paint(prompt, "accent"),
    });
    const leaving = new AbortController();
    if (this.#isInteractive) {
      const { model } = await this.#client.getStatus();
      terminal.line(terminal.paint(`Session ${this.#sessionKey}. /help lists commands, Ctrl-D leaves`, "dim"));
      if (model.mode === "rehearsal")
        terminal.note("There is no model, so replies are rehearsed: see roost doctor", "warn");
      void watchNotices(this.#client, (notice) => this.#showNotice(notice, input), leaving.signal);
    }
    input.on("history", (lines: string[]) => void keepHistory(historyFile, lines));
    input.on("SIGINT", () => void this.#interrupt(input));
    try {
      await this.#readLines(input);
    } finally {
      leaving.abort();
      input.close();
    }
  }

  async #readLines(input: Interface): Promise<void> {
    const lines = this.#lines;
    let isClosed = false;
    let wake = Promise.withResolvers<void>();
    input.on("line", (line) => {
      if (this.#isAnswering && line.trim() === "/cancel") return void this.#cancel();
      lines.push(line);
      if (this.#isAnswering) void this.#answerAsked();
      wake.resolve();
    });
    void once(input, "close").then(() => {
      isClosed = true;
      wake.resolve();
    });
    for (;;) {
      if (lines.length === 0 && isClosed) return;
      if (lines.length === 0) {
        if (this.#isInteractive) input.prompt();
        wake = Promise.withResolvers<void>();
        await wake.promise;
        continue;
      }
      const line = (lines.shift() as string).trim();
      if (line === "") continue;
      if (line === "/quit" || line === "/exit") return;
      await this.#obey(line);
    }
  }

  async #obey(line: string): Promise<void> {
    const { terminal } = this.#context;
    try {
      if (!line.startsWith("/")) return await this.#say(line);
      if (line === "/help") return terminal.isJson ? terminal.note(commandHelp) : terminal.line(commandHelp);
      if (/^\/file(\s|$)/.test(line)) return await this.#attach(line.slice(5).trim());
      if (line === "/why") return await this.#explain();
      if (line === "/cancel") return this.#refuse("No answer is running");
      this.#refuse(`Unknown command ${plainText(line)}\n${commandHelp}`);
    } catch (error) {
      if (terminal.isJson) reportError(error, terminal, false);
      else terminal.note(plainText(toRoostError(error).message), "bad");
    }
  }

  #refuse(text: string): void {
    const { terminal } = this.#context;
    if (terminal.isJson) reportError(new RoostError("invalid_input", text), terminal, false);
    else terminal.line(text);
  }

  async #attach(written: string): Promise<void> {
    const { terminal } = this.#context;
    // As a shell or a file manager writes a name with blanks.
    const path = written.replace(/^(["'])(.*)\1$/, "$2").replaceAll("\\ ", " ");
    if (path === "") return this.#refuse("Name a file: /file PATH");
    const part = await uploadFile(this.#client, path);
    this.#files.push({ sha256: part.sha256, name: part.name });
    if (terminal.isJson) return terminal.jsonLine({ part });
    terminal.line(terminal.paint(`[${plainLine(describePart(part))}] goes with your next message`, "dim"));
  }

  async #say(text: string): Promise<void> {
    const { terminal } = this.#context;
    this.#isAnswering = true;
    try {
      const { runId } = await this.#client.sendMessage({
        sessionKey: this.#sessionKey,
        text,
        parts: this.#files.length === 0 ? undefined : this.#files,
        source: "cli",
        idempotencyKey: createId(),
      });
      this.#files = [];
      this.#runId = runId;
      this.#questions = createOpenQuestions();
      using view = createRunView(terminal, { isAnsweredHere: true });
      const onEvent = (event: Event) => {
        view.onEvent(event);
        this.#noteAsked(event);
        void this.#answerAsked();
      };
      const followed = await followRun(this.#client, runId, { view: { ...view, onEvent } });
      if (terminal.isJson) terminal.jsonLine(answerOf(followed));
      else view.finish(followed);
    } finally {
      this.#isAnswering = false;
    }
  }

  #noteAsked(event: Event): void {
    this.#questions.note(event);
    const asked = event.type === "question.asked" ? readAsked(event) : undefined;
    if (asked === undefined || !this.#context.terminal.isJson) return;
    const { id, choices } = asked;
    this.#context.terminal.jsonLine({ question: { id, prompt: event.data["prompt"], choices } });
  }

  /** What is said while the answer waits for the person is what it waits for: a turn of its own would not know what was asked. */
  async #answerAsked(): Promise<void> {
    const { terminal } = this.#context;
    for (let asked = this.#questions.first(); asked !== undefined; asked = this.#questions.first()) {
      const said = this.#lines[0]?.trim();
      if (said === undefined || said.startsWith("/")) return;
      this.#lines.shift();
      if (said === "") continue;
      const answer = readChosen(asked, said);
      if (answer === undefined) {
        this.#refuse(`${plainLine(said)} is none of: ${asked.choices.map(plainLine).join(", ")}`);
        continue;
      }
      this.#questions.close(asked.id);
      try {
        await this.#client.answerQuestion({ questionId: asked.id, answer });
      } catch (error) {
        if (terminal.isJson) reportError(error, terminal, false);
        else terminal.note(plainText(toRoostError(error).message), "bad");
      }
    }
  }

  async #explain(): Promise<void> {
    const { terminal } = this.#context;
    if (this.#runId === undefined) return this.#refuse("There is no answer yet");
    const explained = await this.#client.explainRun({ runId: this.#runId, limit: 50 });
    if (terminal.isJson) return terminal.jsonLine(explained);
    const { why, causes, effects } = explained;
    terminal.line(plainText(why));
    const show = (text: string) => cutText(text, terminal.columns);
    for (const node of causes) terminal.line(terminal.paint(show(`  ← ${plainLine(node.text)}`), "dim"));
    for (const node of effects.items) terminal.line(show(`  ${"  ".repeat(node.depth)}→ ${plainLine(node.text)}`));
  }

  async #interrupt(input: Interface): Promise<void> {
    if (this.#isAnswering) return this.#cancel();
    if (input.line !== "") {
      input.write(null, { ctrl: true, name: "u" });
      return;
    }
    this.#context.terminal.line(this.#context.terminal.paint("\nLeave with /quit or Ctrl-D", "dim"));
    input.prompt();
  }

  async #cancel(): Promise<void> {
    if (this.#runId === undefined) return;
    this.#context.terminal.note("Cancelling", "warn");
    await this.#client
      .cancelRun({ runId: this.#runId, reason: "cancelled in roost chat" })
      .catch((error: unknown) => this.#context.terminal.note(plainText(toRoostError(error).message), "bad"));
  }

  #showNotice(notice: { level: string; text: string }, input: Interface): void {
    const { terminal } = this.#context;
    const tone = notice.level === "urgent" ? "bad" : notice.level === "warning" ? "warn" : "accent";
    if (!this.#isAnswering) terminal.write("\r\x1b[K");
    terminal.line(terminal.paint(`! ${plainText(notice.text)}`, tone));
    if (!this.#isAnswering) input.prompt(true);
  }
}

async function readHistory(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .slice(-historyLinesMax)
    .toReversed();
}

/** Only when the home is on this machine; failing to save history is ignored. */
async function keepHistory(path: string, newestFirst: string[]): Promise<void> {
  const text = newestFirst.slice(0, historyLinesMax).toReversed().join("\n");
  await writeFileDurably(path, `${text}\n`, { mode: 0o600 }).catch(() => undefined);
}
