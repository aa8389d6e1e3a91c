/** The home's API: every operation with its handler. Each group of handlers gets only what it uses. */
import { serveContract, type ServedContract } from "@roost/contract";
import { roostContract } from "@roost/contract/roost";
import { tickProjection, type KnownNames } from "@roost/jobs";
import { stateProjection } from "@roost/memory";
import type { HostPlace } from "./security/host-place.ts";
import { leaveToHome } from "./security/leave-to-home.ts";
import { serveAccess } from "./api/access.ts";
import { serveChannels } from "./api/channels.ts";
import { serveBudgets } from "./api/budgets.ts";
import { serveHosts } from "./api/hosts.ts";
import { serveAgents } from "./api/agents.ts";
import { serveSubjects } from "./api/subjects.ts";
import { serveHookOperations } from "./api/hooks.ts";
import { serveFiles } from "./api/files.ts";
import { serveGroups } from "./api/groups.ts";
import { serveInbox } from "./api/inbox.ts";
import { serveJobs } from "./api/jobs.ts";
import { serveLocks } from "./api/locks.ts";
import { serveLog } from "./api/log.ts";
import { serveTimeline } from "./api/timeline.ts";
import { serveMemory } from "./api/memory.ts";
import { createRecallServices } from "./recall-services.ts";
import { serveMoving } from "./api/moving.ts";
import { serveOnce } from "./api/once.ts";
import { serveParts } from "./api/parts.ts";
import { serveProjections } from "./api/projections.ts";
import { servePush } from "./api/push.ts";
import { serveQuestions } from "./api/questions.ts";
import { serveRoutes } from "./api/routes.ts";
import type { HomeRouter } from "./routing/create-home-router.ts";
import { serveQueues } from "./api/queues.ts";
import { serveRehearsals } from "./api/rehearsals.ts";
import { serveRuns } from "./api/runs.ts";
import { serveSchemas } from "./api/schemas.ts";
import { serveServices } from "./api/services.ts";
import { serveSignIn } from "./api/sign-in.ts";
import { serveSessions } from "./api/sessions.ts";
import { serveSetup, type SetupGiven } from "./api/setup.ts";
import { serveSpend } from "./api/spend.ts";
import { serveStates } from "./api/states.ts";
import { serveThirdParties } from "./api/third-parties.ts";
import { serveSources } from "./api/sources.ts";
import { serveStatus, type StatusGiven } from "./api/status.ts";
import type { AccessTokens, InboundHooks } from "@roost/access";
import type { Memory } from "@roost/memory";
import type { Services } from "@roost/service";
import type { Rehearsals } from "./rehearsals/create-rehearsals.ts";
import type { Replays } from "./replays/open-replays.ts";
import type { SignInCodes } from "./security/sign-in-codes.ts";

export interface ApiOptions extends StatusGiven {
  memory: Memory;
  router: HomeRouter;
  rehearsals: Rehearsals;
  replays: Replays;
  services: Pick<Services, "directory" | "signer" | "thirdParties">;
  access: AccessTokens;
  hooks: InboundHooks;
  codes: SignInCodes;
  /** Names of the chat channels that are on. */
  channels: () => readonly string[];
  /** Under which others reach the gateway, the best first. */
  addresses: () => readonly string[];
  hostPlace: HostPlace;
  /** What definitions and messages may name. */
  known: KnownNames;
  setup: SetupGiven;
  /** Called when a person has vouched for a file. */
  onTrusted: () => void;
}

/** @throws RoostError `internal` when an operation has no handler, or two */
export function createApi({
  kernel,
  memory,
  router,
  rehearsals,
  replays,
  services,
  access,
  hooks,
  codes,
  channels,
  addresses,
  hostPlace,
  known,
  setup,
  onTrusted,
  ...status
}: ApiOptions): ServedContract {
  const served = [
    ...serveStatus({ kernel, directory: services.directory, ...status }),
    ...serveRuns({ kernel, replays }),
    ...serveQuestions({ kernel }),
    ...serveInbox({ memory }),
    ...serveQueues({ kernel }),
    ...serveRoutes(router),
    ...serveTimeline({ kernel, timeZone: memory.timeZone }),
    ...serveSpend({ kernel, timeZone: memory.timeZone }),
    ...serveBudgets({ memory, applyAtOnce: setup.applyAtOnce }),
    ...serveJobs({ kernel, timeZone: memory.timeZone, known }),
    ...serveAgents({ kernel }),
    ...serveRehearsals({ rehearsals }),
    ...serveSessions({ kernel, memory, known }),
    ...serveParts({ memory }),
    ...serveLog({ kernel }),
    ...serveSchemas({ kernel }),
    ...serveGroups({ kernel }),
    ...serveProjections({ kernel, projections: [stateProjection(memory), tickProjection] }),
    ...serveLocks({ kernel }),
    ...serveOnce({ kernel }),
    ...serveSubjects({ kernel }),
    ...serveFiles({ memory, onTrusted }),
    ...serveStates({ memory }),
    ...serveMemory({
      memory,
      recallServices: createRecallServices({ services, clock: kernel.clock, logger: memory.logger }),
    }),
    ...serveMoving({ memory, homeId: hostPlace.homeId }),
    ...serveServices(services),
    ...serveAccess({ access, hostPlace }),
    ...serveHookOperations({ hooks }),
    ...serveSignIn({ codes }),
    ...serveChannels({ memory, channels, addresses, hostPlace }),
    ...serveHosts({ memory, hostPlace, version: status.facts.version }),
    ...serveThirdParties(services),
    ...serveSetup({ memory, setup }),
    ...serveSources({ memory, environment: setup.environment }),
    ...servePush({ kernel, homeDir: memory.homeDir }),
  ];
  return serveContract(
    roostContract,
    served.map((each) => leaveToHome(each, hostPlace.homeAddress)),
  );
}
