/** What the numbers of a report rest on besides the home itself, in the order in which they matter. */
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
    text: "counted as a current model's tokenizer does (o200k); caps reserve more, as always",
  });
  list.push({
    about: "workers",
    text: `${places.count} runs at one time${places.isAssumed ? ", as no worker runs now" : ", as the workers that run now"}`,
  });
  list.push({
    about: "effects",
    text: "none: states and files stay as they are, nobody writes, heartbeats find nothing to say, postconditions are met, and locks, states and topics that jobs use are known from their last runs or guessed from their prompts",
  });
  list.push({
    about: "history",
    text: `the last ${eventsPerPartitionMax} events of each partition of the log are seen`,
  });
  if (isLater)
    list.push({
      about: "until then",
      text: "what is due before the beginning is left out, and what runs now is taken to be over",
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
