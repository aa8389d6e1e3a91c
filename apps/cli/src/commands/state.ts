/** `roost state`: lists state files with their age, or prints one. */
import { formatDurationMs } from "@roost/base";
import type { StateSummaryRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { Column } from "../print/table.ts";
import { plainText } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const filesMax = 2000;

export function addStateCommand(program: Command, context: CliContext): void {
  program
    .command("state")
    .summary("list state files and their age")
    .description("Lists state files (memory/NAME-state.json) with their age, or prints the value of one.")
    .argument("[name]", "name of the state to print")
    .action(async (name: string | undefined) => {
      const { terminal } = context;
      const { client } = await context.connect();
      if (name !== undefined) {
        const file = await client.getState({ name });
        if (terminal.isJson) return terminal.json(file);
        return terminal.line(plainText(JSON.stringify(file.value, null, 2)));
      }
      const files = await readPages((page) => client.listStateFiles(page), filesMax);
      if (terminal.isJson) return terminal.json({ files });
      terminal.table(files, columns, "There are no state files");
    });
}

const columns: Column<StateSummaryRecord>[] = [
  { title: "NAME", value: (file) => file.name },
  { title: "AGE", value: (file) => (file.ageMs === null ? "" : formatDurationMs(file.ageMs)), label: "age" },
  { title: "VERSION", value: (file) => String(file.version), importance: 2, alignRight: true, label: "version" },
  { title: "BY", value: (file) => file.updatedBy ?? "", widthMin: 8, importance: 2, label: "by" },
];
