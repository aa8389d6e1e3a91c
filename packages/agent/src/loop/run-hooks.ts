// The hooks of a point of the run, each a step of its own, in order. One that refuses is the last; one that fails before something refuses it.

import type { HookAnswer, HookPoint, HookRequest } from "../tools/hooks.ts";
import { hasReadUntrusted } from "./ask-approval.ts";
import type { Loop } from "./loop.ts";

export interface HooksSaid {
  refusal?: string;
  notes: string[];
}

/** @throws what `steps.step` throws */
export async function runHooks(loop: Loop, asked: HookRequest): Promise<HooksSaid> {
  const { hooks, steps } = loop.options;
  const said: HooksSaid = { notes: [] };
  const isBefore = asked.point.startsWith("before-");
  for (const name of hooks?.at(asked.point, asked.tool?.name) ?? []) {
    loop.state.hookCount += 1;
    const outcome = await steps.step<HookAnswer>(
      `hook:${name}#${loop.state.hookCount}`,
      { kind: "hook", effect: "idempotent", input: { point: asked.point, step: asked.step ?? null } },
      (call) => hooks!.call(name, asked, call),
    );
    const answer: HookAnswer =
      outcome.state === "done"
        ? outcome.output
        : { refuse: `it failed: ${outcome.state === "failed" ? outcome.error.message : "its answer is not known"}` };
    if (answer.note !== undefined) said.notes.push(`[hook ${name}] ${answer.note}`);
    if (isBefore && answer.refuse !== undefined)
      return { ...said, refusal: `the hook ${name} says no: ${answer.refuse}` };
  }
  return said;
}

/** Whether calls of a tool have hooks: then they are made one after the other, so that steps have one order. */
export function hasHooks({ options: { hooks } }: Loop, tool: string): boolean {
  const points: HookPoint[] = ["before-tool", "after-tool"];
  return hooks !== undefined && points.some((point) => hooks.at(point, tool).length > 0);
}

/** Shown to the model before its first reply. */
export function addNotes({ state }: Loop, notes: readonly string[]): void {
  if (notes.length === 0) return;
  // It may repeat what the run was given.
  const marked = hasReadUntrusted(state) ? { isUntrusted: true, from: "a hook" } : { from: "a hook" };
  state.messages.push({ role: "user", text: notes.join("\n"), ...marked });
}
