/** The model behind the console's tests and pictures: it knows nothing but what it reads, and says what a person would want to see on a screen. */
import type { Script, ScriptedReply, ScriptedRequest } from "@roost/agent/testing";

export interface ConsoleModel {
  script: Script;
  /** Replies to messages with "hold on" wait until it is called. */
  release(): void;
}

const answer = `Three posts did well, and one did not.

| Post | Read | Kept open |
|---|---:|---:|
| Why labelling your cables saves an evening | 412 | 3m 10s |
| A tour of our three mini PCs | 1,204 | 2m 02s |
| **What the solar inverter says at night** | **2,310** | **4m 41s** |

The last one was linked by a forum. I counted with this:

\`\`\`ts
// One line a post, newest first.
const kept = posts
  .filter((post) => post.readers > 100)
  .map(({ title, readers }) => \`\${title}: \${readers}\`);
\`\`\`

> The inverter post has no picture yet; the video producer has one from Tuesday.

Sources: [the log of the blog](https://blog.example/log) and \`memory/2025-11-20.md\`. <img src=x onerror=alert(1)> stays text.

Shall I ask for the picture?`;

const colours = ["Red", "Green", "Blue"];

/** It goes on until it is told, by a file in its folder. */
const buildCommand =
  "i=0; until [ -e enough ]; do i=$((i+1)); printf 'page %s: \\033[32mwritten\\033[0m\\n' $i; sleep 0.2; done; echo All pages are written";

export function createConsoleModel(): ConsoleModel {
  const held = Promise.withResolvers<void>();
  const cost = (request: ScriptedRequest, usd: number) => ({
    prompt_tokens: 1_800 + 40 * request.messages.length,
    completion_tokens: 240,
    prompt_tokens_details: { cached_tokens: 1_200 },
    cost: usd,
  });
  const reply = (request: ScriptedRequest): ScriptedReply => {
    const { messages, systemText } = request;
    const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
    const results = request.toolResults.length;
    if (/hold on/i.test(asked)) return { text: "Done waiting.", before: held.promise, usage: cost(request, 0.004) };
    if (/which posts/i.test(asked) && results === 0)
      return {
        text: "I look at the notes and at the log first.",
        toolCalls: [
          { name: "search_files", arguments: { query: "blog post readers" } },
          { name: "read_file", arguments: { path: "MEMORY.md" } },
        ],
        usage: cost(request, 0.011),
      };
    if (/which posts/i.test(asked)) return { text: answer, usage: cost(request, 0.019) };
    if (/ask me/i.test(asked) && results === 0)
      return {
        toolCalls: [
          {
            name: "ask_person",
            arguments: {
              question: "The forum wants to quote the inverter post in full. May they?",
              choices: ["Yes, with a link", "No"],
            },
          },
        ],
        usage: cost(request, 0.006),
      };
    if (/about colours/i.test(asked) && results === 0)
      return { toolCalls: [{ name: "ask_person", arguments: { question: "Which one?", choices: colours } }] };
    if (/in your words/i.test(asked) && results === 0)
      return { toolCalls: [{ name: "ask_person", arguments: { question: "What shall I say?" } }] };
    if (/build the site/i.test(asked) && results === 0)
      return { toolCalls: [{ name: "exec", arguments: { command: buildCommand, timeoutSeconds: 590 } }] };
    if (/please break/i.test(asked) || request.body.model === "broken")
      return { status: 400, error: { message: "this model refuses the request", code: "bad" } };
    if (/state/i.test(asked) && results === 0)
      return {
        toolCalls: [{ name: "set_state", arguments: { name: "blog", patch: { drafts: 2, published: 14 } } }],
        usage: cost(request, 0.005),
      };
    if (/HEARTBEAT_OK/.test(asked + systemText) && /heartbeat/i.test(asked)) return "HEARTBEAT_OK";
    return {
      text: systemText === "" ? "All is well." : `Read, and noted: ${firstLine(asked)}`,
      usage: cost(request, 0.003),
    };
  };
  return { script: reply, release: () => held.resolve() };
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .findLast((line) => line.trim() !== "")
      ?.slice(0, 120) ?? ""
  );
}
