/** The rehearsals of a gateway over its home: which program plays them, and what it is told. */
import { fileURLToPath } from "node:url";
import { toRoostError } from "@roost/base";
import type { RehearsalReport } from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { dropLeftoverDatabases } from "@roost/rehearsal/leftovers";
import type { RehearsalTask } from "@roost/rehearsal/task";
import { runConfined } from "../confined/run-confined.ts";
import { createRehearsals, type Playing, type Rehearsals } from "./create-rehearsals.ts";

export interface OpenRehearsalsOptions {
  kernel: Kernel;
  databaseUrl: string;
  homeDir: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** As it was found; both null without one. */
  model: { provider: string | null; name: string | null };
  shutdown: AbortSignal;
  /** Default: the one of the rehearsal's package, started by path. */
  program?: string;
}

type Progress = Parameters<Playing["onProgress"]>[0];

/** After being told to stop, it drops its database; one that does not is ended. */
const stopMsMax = 10_000;
const programDefault = new URL("../../../../packages/rehearsal/src/main.ts", import.meta.url);

export function openRehearsals(options: OpenRehearsalsOptions): Rehearsals {
  const { kernel, databaseUrl, homeDir, environment, shutdown, program = fileURLToPath(programDefault) } = options;
  const { provider, name } = options.model;
  const model = provider === null || name === null ? null : { provider, name };
  const cleanUp = () => dropLeftoverDatabases(kernel.database);
  // Of a gateway that was killed together with its rehearsal.
  void cleanUp().catch((error: unknown) =>
    kernel.logger.warn("databases of earlier rehearsals could not be looked for", {
      error: toRoostError(error).message,
    }),
  );
  return createRehearsals({
    play: (asked, call) =>
      runConfined<RehearsalReport, Progress>({
        program,
        environment,
        task: { kind: "rehearse", databaseUrl, homeDir, model, ...asked } satisfies RehearsalTask,
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
