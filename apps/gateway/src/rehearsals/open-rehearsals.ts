/** Opens the rehearsals of a home's gateway: which program runs them, with which arguments. */
import { toRoostError } from "@roost/base";
import type { RehearsalReport } from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { dropLeftoverDatabases } from "@roost/rehearsal/leftovers";
import type { RehearsalTask } from "@roost/rehearsal/task";
import { describeHome, type ConfinedHome } from "../confined/confined-home.ts";
import { runConfined } from "../confined/run-confined.ts";
import { createRehearsals, type Playing, type Rehearsals } from "./create-rehearsals.ts";

export interface OpenRehearsalsOptions extends ConfinedHome {
  kernel: Kernel;
  /** Of a gateway on another host, which plays none: what earlier ones left is the home's to drop. */
  isElsewhere?: boolean | undefined;
}

type Progress = Parameters<Playing["onProgress"]>[0];

/** After a stop it drops its database; past this it is killed. */
const stopMsMax = 10_000;

export function openRehearsals(options: OpenRehearsalsOptions): Rehearsals {
  const { kernel, environment, shutdown } = options;
  const { program, home } = describeHome(options);
  const cleanUp = () => dropLeftoverDatabases(kernel.database);
  // For a gateway that was killed together with its rehearsal.
  if (options.isElsewhere !== true)
    void cleanUp().catch((error: unknown) =>
      kernel.logger.warn("databases of earlier rehearsals could not be listed", {
        error: toRoostError(error).message,
      }),
    );
  return createRehearsals({
    play: (asked, call) =>
      runConfined<RehearsalReport, Progress>({
        program,
        environment,
        task: { kind: "rehearse", ...home, ...asked } satisfies RehearsalTask,
        what: "the rehearsal",
        stopMsMax,
        ...call,
      }),
    cleanUp,
    clock: kernel.clock,
    createId: () => kernel.createId(),
    logger: kernel.logger,
    shutdown,
  });
}
