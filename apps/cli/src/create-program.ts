/** Builds the `roost` program from the commands below commands/. */
import { formatDurationMs } from "@roost/base";
import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { addAgentsCommands } from "./commands/agents.ts";
import { addAskCommand } from "./commands/ask.ts";
import { addAutostartCommands } from "./commands/autostart.ts";
import { addChannelsCommands } from "./commands/channels.ts";
import { addChatCommand } from "./commands/chat.ts";
import { addRecallCommand } from "./commands/recall.ts";
import { addReserveCommand } from "./commands/reserve.ts";
import { addDatabaseCommands } from "./commands/database.ts";
import { addDevicesCommands } from "./commands/devices.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addFactsCommands } from "./commands/facts.ts";
import { addFilesCommands } from "./commands/files.ts";
import { addHelpCommand } from "./commands/help.ts";
import { addExportCommand } from "./commands/export.ts";
import { addImportCommand } from "./commands/import.ts";
import { addHooksCommands } from "./commands/hooks.ts";
import { addModelsCommands } from "./commands/models.ts";
import { addHostsCommands } from "./commands/hosts.ts";
import { addInboxCommands } from "./commands/inbox.ts";
import { addJobsCommands } from "./commands/jobs.ts";
import { addKeysCommands } from "./commands/keys.ts";
import { addLinkCommand } from "./commands/link.ts";
import { addLockCommand } from "./commands/lock.ts";
import { addLogCommands } from "./commands/log.ts";
import { addMcpCommand } from "./commands/mcp.ts";
import { addNoticeCommands } from "./commands/notices.ts";
import { addOnceCommand } from "./commands/once.ts";
import { addOpenCommand } from "./commands/open.ts";
import { addPartCommand } from "./commands/part.ts";
import { addPsCommand } from "./commands/ps.ts";
import { parseOptionDuration } from "./parse-option.ts";
import { addRehearseCommand } from "./commands/rehearse.ts";
import { addQueuesCommands } from "./commands/queues.ts";
import { addRouteCommand } from "./commands/route.ts";
import { addRunCommands } from "./commands/run.ts";
import { addRunsCommand } from "./commands/runs.ts";
import { addServiceCommands } from "./commands/service.ts";
import { addSessionsCommands } from "./commands/sessions.ts";
import { addShowConfigCommands } from "./commands/show-config.ts";
import { addSpendCommand } from "./commands/spend.ts";
import { addStateCommand } from "./commands/state.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addSyncCommand } from "./commands/sync.ts";
import { addUpCommands } from "./commands/up.ts";
import { createServiceCli, type ServiceCommand } from "./services/load-service-command.ts";

export const version = "0.1.0";

/** Without commands. */
function createBareProgram({ terminal }: CliContext): Command {
  return (
    new Command("roost")
      .description("Runs your agents as a distributed system: start it, talk to it, watch and control it.")
      .version(version, "-V", "print the version, like --version")
      .option("--json", "print JSON: one document, or one line per item")
      .option("--debug", "print stack traces of errors")
      .helpOption("-h, --help", "show usage of a command")
      .helpCommand(false)
      // Beside long usages less than commander's 40 columns are left of 80.
      .configureHelp({ minWidthToWrap: 20 })
      .configureOutput({
        getOutHelpWidth: () => terminal.columns,
        getErrHelpWidth: () => terminal.columns,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
        writeOut: (text) => terminal.write(text),
        writeErr: (text) => {
          if (!terminal.isJson) terminal.note(text.trimEnd());
        },
        // runCli() reports them.
        outputError: () => undefined,
      })
      .exitOverride()
  );
}

/** @param service Whose command is called, if one is. */
export function createProgram(context: CliContext, service?: ServiceCommand): Command {
  const program = createBareProgram(context);
  program.commandsGroup("Starting and stopping");
  addUpCommands(program, context);
  addOpenCommand(program, context);
  addStatusCommand(program, context);
  addDoctorCommand(program, context);
  addShowConfigCommands(program, context);
  addLinkCommand(program, context);
  addAutostartCommands(program, context);
  program.commandsGroup("Talking");
  addAskCommand(program, context);
  addChatCommand(program, context);
  addSessionsCommands(program, context);
  addRecallCommand(program, context);
  addFactsCommands(program, context);
  addPartCommand(program, context);
  addNoticeCommands(program, context);
  addInboxCommands(program, context);
  program.commandsGroup("Moving in and out");
  addImportCommand(program, context);
  addExportCommand(program, context);
  addDatabaseCommands(program, context);
  program.commandsGroup("Beyond this machine");
  addChannelsCommands(program, context);
  addDevicesCommands(program, context);
  addHostsCommands(program, context, version);
  addSyncCommand(program, context, version);
  program.commandsGroup("Watching and controlling");
  addPsCommand(program, context);
  addRunsCommand(program, context);
  addRunCommands(program, context);
  addQueuesCommands(program, context);
  addSpendCommand(program, context);
  addJobsCommands(program, context);
  addAgentsCommands(program, context);
  addModelsCommands(program, context);
  addRouteCommand(program, context);
  addServiceCommands(program, context);
  addRehearseCommand(program, context);
  addFilesCommands(program, context);
  addStateCommand(program, context);
  addLogCommands(program, context);
  program.commandsGroup("For scripts and other programs");
  addKeysCommands(program, context);
  addMcpCommand(program, context);
  addHooksCommands(program, context);
  addLockCommand(program, context);
  addOnceCommand(program, context);
  addReserveCommand(program, context);
  if (service !== undefined) {
    program.commandsGroup("Services");
    service.addCommands(program.command(service.name), createServiceCli(context));
  }
  program.commandsGroup("Help");
  addHelpCommand(program, context);
  nameDurations(program);
  return program;
}

/** Shows default durations as they are written: 1m, not 60000. */
function nameDurations(command: Command): void {
  for (const option of command.options)
    if (option.parseArg === parseOptionDuration && typeof option.defaultValue === "number")
      option.default(option.defaultValue, formatDurationMs(option.defaultValue));
  for (const each of command.commands) nameDurations(each);
}
