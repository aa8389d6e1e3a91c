import type { Models } from "@roost/agent";
import { postconditionUnmet, type ClaimedRun } from "@roost/kernel";

/** Tells the model which postconditions an earlier attempt of the run missed. */
export function tellUnmet(models: Models, run: Pick<ClaimedRun, "steps">): Models {
  const missed = run.steps.findLast(({ error }) => error?.code === postconditionUnmet);
  if (missed === undefined) return models;
  const text = `An earlier attempt ended here, but ${missed.error?.message}. Do it now, with your tools; an answer alone does not count`;
  const section = { name: "Not done yet", text };
  return {
    call: (request, options) => models.call({ ...request, sections: [...request.sections, section] }, options),
    describe: () => models.describe(),
    limits: models.limits,
    get input() {
      return models.input;
    },
    get contextTokensMax() {
      return models.contextTokensMax;
    },
  };
}
