/** `roost export DIR`: writes everything of the home in open formats. */
import { resolve } from "node:path";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exportHome } from "../export/export-home.ts";
import { openExportFolder } from "../export/open-export-folder.ts";

const leftOutShown = 20;

export function addExportCommand(program: Command, context: CliContext): void {
  program
    .command("export")
    .summary("write everything of the home in open formats")
    .description(
      "Writes files, conversations, facts, jobs, grants, events, spending and what services hold as Markdown and JSON lines, with a manifest of hashes. No secrets. The directory appears once it is complete; roost import restores a home from it.",
    )
    .argument("<directory>", "a new directory, or an earlier export to replace")
    .action(async (directory: string) => {
      const { terminal, clock } = context;
      const connection = await context.connect();
      const target = resolve(directory);
      await using folder = await openExportFolder(target);
      using progress = terminal.progress(`writing ${plainLine(target)}`);
      const done = await exportHome(connection, folder, { onProgress: (text) => progress.update(text) });
      const { secretCount } = folder;
      const manifest = await folder.finish(done.home, new Date(clock.nowMs()).toISOString());
      // It stands here, whole, whether its age is known or not.
      await connection.client
        .finishExport({ fileCount: manifest.files.length, leftOutCount: done.leftOut.length })
        .catch((error: Error) => terminal.note(`its age is not recorded: ${error.message}`, "warn"));
      if (terminal.isJson)
        return terminal.json({ directory: target, ...done, secretCount, fileCount: manifest.files.length });
      for (const [kind, count] of Object.entries(done.counts))
        if (count > 0) terminal.line(`${kind.padEnd(10)} ${count}`);
      for (const { name, reason } of done.leftOut.slice(0, leftOutShown))
        terminal.note(plainLine(`left out: ${name}: ${reason}`), "warn");
      if (done.leftOut.length > leftOutShown)
        terminal.note(`left out: ${done.leftOut.length - leftOutShown} more (--json)`, "warn");
      if (secretCount > 0) terminal.note(`${secretCount} texts that are secrets were left out of records`, "warn");
      terminal.note(`${manifest.files.length} files in ${plainLine(target)}`, "dim");
    });
}
