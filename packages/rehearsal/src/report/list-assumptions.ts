/** The assumptions of a report beside the home itself, most important first. */
import type { ProviderConfig } from "@roost/agent";
import { formatDurationMs } from "@roost/base";
import type { Assumption } from "@roost/contract/operations";
import { isPriceKnown, isStandIn } from "../play/find-providers.ts";
import { describeProfile, profileDefaults, type JobProfile } from "../profile/job-profile.ts";
import { eventsPerPartitionMax } from "../scratch/copy-events.ts";

export interface AssumptionFacts {
  profiles: ReadonlyMap<string, JobProfile>;
  /** Jobs that ran. */
  ranJobs: ReadonlySet<string>;
  providers: readonly ProviderConfig[];
  places: { count: number; isAssumed: boolean };
  isLater: boolean;
}

export function listAssumptions({ profiles, ranJobs, providers, places, isLater }: AssumptionFacts): Assumption[] {
  const ran = [...profiles].filter(([jobId]) => ranJobs.has(jobId));
  const unknown = ran.filter(([, profile]) => profile.runCount === 0).map(([jobId]) => jobId);
  const known = ran.filter(([, profile]) => profile.runCount > 0);
  const list: Assumption[] = known.map(([jobId, profile]) => describeProfile(jobId, profile));
  if (unknown.length > 0) {
    const { durationMs, modelCalls, outputTokens, toolResultChars } = profileDefaults;
    list.push({
      about: "no history",
      text: `${unknown.join(", ")}: a run takes ${formatDurationMs(durationMs)} and ${modelCalls} model calls of ${outputTokens} tokens, with tools that answer ${toolResultChars} characters`.slice(
        0,
        2_000,
      ),
    });
  }
  list.push({ about: "money", text: priceText(providers) });
  list.push({
    about: "tokens",
    text: "counted as by a current model's tokenizer (o200k); caps reserve more, as always",
  });
  list.push({
    about: "workers",
    text: `${places.count} runs at once${places.isAssumed ? ", as no worker is running now" : ", as with the workers running now"}`,
  });
  list.push({
    about: "effects",
    text: "none: states and files do not change, no messages arrive, heartbeats find nothing to report, postconditions hold, and the locks, states and subjects that jobs use are known from their last runs or guessed from their prompts",
  });
  list.push({
    about: "history",
    text: `the last ${eventsPerPartitionMax} events of each partition of the log are included`,
  });
  if (isLater)
    list.push({
      about: "until then",
      text: "what is due before the start is left out, and active runs count as ended",
    });
  return list;
}

function priceText(providers: readonly ProviderConfig[]): string {
  const [first] = providers;
  if (first === undefined || isStandIn(first)) return "no model is configured: tokens only";
  if (isPriceKnown(providers)) return `at the prices of roost.yaml, uncached`;
  const model = first.kind === "language-model" ? first.id : first.model;
  return `no price of ${model} is known (models[].price in roost.yaml): tokens only, and caps in money do not bind`;
}
