/** A run of an agent with programs: the model makes the calls that it is given, and a person answers what is asked. */
import { answerQuestion } from "@roost/approvals";
import { silentLogger, type JsonObject } from "@roost/base";
import { untrustedFrom } from "@roost/contract/labels";
import { getRun, listQuestions, raiseRunLabels, type Run } from "@roost/kernel";
import { createAgentHandler } from "../create-agent-handler.ts";
import { executeRun } from "../execute-run.ts";
import { jobRun, type TestHome } from "../testing/open-test-home.ts";

export interface Made {
  /** What the model was told of each call. */
  answers: string[];
  run: Run;
}

export const unknownCommit = "0".repeat(40);

/** The model makes these calls, one after the other, and pushes the commit that it was told of last. `answer`: to each question. */
export async function make(
  home: TestHome,
  calls: [name: string, args: JsonObject][],
  { agent = "coder", answer = "approve", isTainted = false } = {},
): Promise<Made> {
  const answers: string[] = [];
  home.setScript((request) => {
    const turn = request.messages.filter(({ role }) => role === "assistant").length;
    if (turn > 0) answers[turn - 1] = request.messages.findLast(({ role }) => role === "tool")?.content ?? "";
    const next = calls[turn];
    if (next === undefined) return "that is all";
    const commit =
      answers
        .join("\n")
        .match(/(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])/g)
        ?.at(-1) ?? unknownCommit;
    const args = next[0] === "git_push" ? { commit, ...next[1] } : next[1];
    return { toolCalls: [{ name: next[0], arguments: args }] };
  });
  let owner = await home.begin({ ...jobRun("code"), agent });
  const { id } = owner.run;
  if (isTainted)
    await raiseRunLabels(home.kernel, { runId: id, epoch: owner.run.epoch }, untrustedFrom("web", "example.com"));
  for (;;) {
    const handlers = { agent: createAgentHandler(home.handlerOptions) };
    const [run] = isTainted ? [{ ...owner.run, labels: (await getRun(home.kernel.database, id)).labels }] : [owner.run];
    await executeRun({ kernel: home.kernel, handlers, logger: silentLogger }, run, new AbortController().signal);
    await owner.die();
    const [question] = await listQuestions(home.kernel, { runId: id, states: ["open"] });
    if (question === undefined) return { answers, run: await getRun(home.kernel.database, id) };
    await answerQuestion(home.kernel, { questionId: question.id, answer, by: "owner" });
    owner = await home.claim(id);
  }
}
