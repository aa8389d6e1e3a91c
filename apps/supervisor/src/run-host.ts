/** A joined host from start to stop: runs what its home lets it run, and ends when it is put out there. */
import { RoostError } from "@roost/base";
import type { JoinedHome, JoinedRoles } from "@roost/memory/joined-home";
import { keepHost, type HostKeepingOptions } from "./children/keep-host.ts";
import type { SupervisorConfig } from "./config.ts";
import { openLogins } from "./host/open-logins.ts";
import { listHostPrograms, type ProgramPaths } from "./programs.ts";
import type { ProcessTerminal } from "./terminal/create-terminal.ts";

export interface RunHostOptions {
  config: SupervisorConfig;
  paths: ProgramPaths;
  keeping: HostKeepingOptions;
  terminal: ProcessTerminal;
  stop: AbortSignal;
  force: AbortSignal;
  onReady: (url: string) => void;
  onStopping: () => void;
}

/** On a joined host: what its home lets it run, which finds the home's database by itself. */
export async function runHost(joined: JoinedHome, options: RunHostOptions): Promise<void> {
  const { config, paths, keeping, terminal, stop, force } = options;
  const { name, url } = joined;
  const roles = requireRoles(config.homeDirectory, joined);
  const what = describeRoles(roles, config);
  terminal.going(`Starting ${what} of host ${name}`);
  const renewLogins = await openLogins(joined, { config, terminal, logger: keeping.logger });
  const host = keepHost(listHostPrograms({ config, paths }, roles), { ...keeping, renewLogins });
  try {
    const ended = Promise.race([untilAborted(stop), host.putOut]);
    await Promise.race([host.ready, ended]);
    if (!stop.aborted) {
      options.onReady(url);
      const gateway = host.gateway();
      const where = gateway === undefined ? what : what.replace("a gateway", `a gateway at ${gateway.url}`);
      terminal.done(`Host ${name} works for ${url} with ${where} (Ctrl-C stops it; roost hosts lists it)`);
      for (const notice of gateway?.notices ?? []) terminal.problem(notice);
    }
    await ended;
  } finally {
    options.onStopping();
    terminal.going("Stopping: workers finish or hand over their runs (Ctrl-C again to force)");
    await host.stop(force);
    keeping.logger.info("stopped");
    terminal.done("Stopped");
  }
}

/** @throws RoostError `invalid_input`: a joined host that runs no processes has nothing to start */
function requireRoles(home: string, { runs }: Pick<JoinedHome, "runs">): JoinedRoles {
  if (runs !== undefined) return runs;
  throw new RoostError(
    "invalid_input",
    `${home} is a host's copy of a home that runs elsewhere: roost sync --follow keeps it; for processes here invite it with roost hosts invite --workers, --gateways, --schedulers, --relay or --service; for a home of its own set ROOST_HOME to another directory`,
  );
}

/** "a gateway, 2 workers, a scheduler, a relay, service peeps" */
function describeRoles(
  { workers, schedulers, relay, gateways, services }: JoinedRoles,
  config: SupervisorConfig,
): string {
  return [
    ...(gateways === undefined ? [] : ["a gateway"]),
    ...(workers === undefined ? [] : [workersOf(config)]),
    ...(schedulers === undefined ? [] : ["a scheduler"]),
    ...(relay === undefined ? [] : ["a relay"]),
    ...services.map(({ name }) => `service ${name}`),
  ].join(", ");
}

export function workersOf({ workerCount }: SupervisorConfig): string {
  return workerCount === 1 ? "1 worker" : `${workerCount} workers`;
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
