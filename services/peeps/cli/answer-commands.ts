/** `roost peeps who|search|suggestions|facts|merge|unmerge|remind|reminders`. */
import type { ServiceCli } from "@roost/service/cli";
import type { Command } from "commander";
import { peepsContract } from "../contract.ts";
import { findPerson, printHits } from "./people-commands.ts";

export function addAnswerCommands(peeps: Command, cli: ServiceCli): void {
  addSearchCommands(peeps, cli);
  addMergeCommands(peeps, cli);
  addFactCommands(peeps, cli);
  addReminderCommands(peeps, cli);
}

function addSearchCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("who")
    .summary("who is partner, mother or boss")
    .description("Says who a person's partner, mother or boss is, with the source: roost peeps who Ida partner")
    .argument("<of>", "whose")
    .argument("<relation>", "partner, mother, boss")
    .action(async (of: string, relation: string) => {
      const client = await cli.connect(peepsContract);
      const found = await client.whoIs({ of, relation });
      if (terminal.isJson) return terminal.json(found);
      if (found.answer === "known")
        for (const one of found.relations) terminal.line(`${one.name} (${one.type}, from ${one.source})`);
      else if (found.answer === "ask_which")
        terminal.line(`Which one? ${found.people.map(({ name, id }) => `${name} ${id}`).join(", ")}`);
      else {
        terminal.line(found.people.length === 0 ? `There is no ${of}.` : "Nothing says it.");
        printHits(cli, found.near, "No note or message comes near.");
      }
    });
  peeps
    .command("search")
    .summary("search people, notes, messages")
    .description("Searches people, notes and messages by their words.")
    .argument("<words...>")
    .action(async (words: string[]) => {
      const client = await cli.connect(peepsContract);
      const { items } = await client.search({ words: words.join(" ") });
      if (terminal.isJson) return terminal.json({ items });
      printHits(cli, items, "Nothing has these words.");
    });
}

function addMergeCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("suggestions")
    .summary("pairs that may be one person")
    .description("Lists pairs that may be one person, and answers one.")
    .option("--merge <id>", "the two are one")
    .option("--keep-apart <id>", "they are two, for good")
    .action(async (options: { merge?: string; keepApart?: string }) => {
      const client = await cli.connect(peepsContract);
      const answered = options.merge ?? options.keepApart;
      if (answered !== undefined) {
        const { person } = await client.answerSuggestion({
          suggestionId: answered,
          areOne: options.merge !== undefined,
        });
        if (terminal.isJson) return terminal.json({ person });
        return terminal.line(options.merge === undefined ? "Kept apart" : `One now: ${person.name} ${person.id}`);
      }
      const { items } = await client.listSuggestions({ limit: 100 });
      if (terminal.isJson) return terminal.json({ suggestions: items });
      if (items.length === 0) terminal.line("No two people look like one.");
      for (const { id, person, other, reasons } of items)
        terminal.line(`${id}\n  ${person.name} and ${other.name}: ${reasons.join(", ")}`);
    });
  peeps
    .command("merge")
    .summary("say that two are one")
    .description("Says that the second is the first; unmerge takes it back.")
    .argument("<person>", "name or id")
    .argument("<other>", "name or id")
    .action(async (word: string, otherWord: string) => {
      const client = await cli.connect(peepsContract);
      const [one, other] = [await findPerson(client, word), await findPerson(client, otherWord)];
      const { person } = await client.mergePeople({ personId: one.id, otherId: other.id });
      if (terminal.isJson) return terminal.json({ person });
      terminal.line(`One now: ${person.name}. To take it back: roost peeps unmerge ${other.id}`);
    });
  peeps
    .command("unmerge")
    .summary("take a merge back")
    .description("Takes a merge back.")
    .argument("<id>", "of the one who was merged into another: roost peeps show lists them")
    .action(async (id: string) => {
      const client = await cli.connect(peepsContract);
      const { person } = await client.unmergePerson({ personId: id });
      if (terminal.isJson) return terminal.json({ person });
      terminal.line(`${person.name} is ${person.id} again`);
    });
}

function addFactCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("facts")
    .summary("what messages may say of people")
    .description(
      "Lists what messages may say of who wrote them, and answers one: nothing is known before you confirm it.",
    )
    .option("--confirm <id>", "it is so")
    .option("--decline <id>", "it is not, for good")
    .option("--value <text>", "with --confirm, where it is nearly so")
    .action(async (options: { confirm?: string; decline?: string; value?: string }) => {
      const client = await cli.connect(peepsContract);
      const factId = options.confirm ?? options.decline;
      if (factId !== undefined) {
        const isTrue = options.confirm !== undefined;
        const { person } = await client.answerFact({ factId, isTrue, value: options.value });
        if (terminal.isJson) return terminal.json({ person });
        return terminal.line(isTrue ? `Known of ${person.name}` : "Declined");
      }
      const { items } = await client.listFacts({ limit: 100 });
      if (terminal.isJson) return terminal.json({ facts: items });
      if (items.length === 0) terminal.line("No message waits to be confirmed.");
      for (const { id, name, kind, value, relation, quote, source, sentAt } of items)
        terminal.line(
          `${id}\n  ${name}, ${relation ?? kind}: ${value}\n  ${source}, ${sentAt.slice(0, 10)}: ${quote.replaceAll("\n", " ")}`,
        );
    });
}

function addReminderCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("remind")
    .summary("remind of something on a day")
    .description("Reminds of something about a person on a day.")
    .argument("<person>", "name or id")
    .argument("<day>", "2026-12-24")
    .argument("<text>")
    .option("--every <span>", "week, month or year")
    .action(async (word: string, dueOn: string, text: string, { every }: { every?: "week" | "month" | "year" }) => {
      const client = await cli.connect(peepsContract);
      const { reminder } = await client.remind({ personId: (await findPerson(client, word)).id, dueOn, text, every });
      if (terminal.isJson) return terminal.json({ reminder });
      terminal.line(`${reminder.dueOn}: ${reminder.text} (${reminder.name})`);
    });
  peeps
    .command("reminders")
    .summary("reminders that wait")
    .description("Lists reminders that wait, and finishes one.")
    .option("--done <id>", "finish it for its day")
    .action(async ({ done }: { done?: string }) => {
      const client = await cli.connect(peepsContract);
      const { items } = await client.listReminders({ limit: 200 });
      const finished = items.find(({ id }) => id === done);
      if (finished?.dueOn != null) await client.finishReminder({ reminderId: finished.id, dueOn: finished.dueOn });
      const waiting = done === undefined ? items : (await client.listReminders({ limit: 200 })).items;
      if (terminal.isJson) return terminal.json({ reminders: waiting });
      terminal.table(
        waiting,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "DUE", value: ({ dueOn }) => dueOn ?? "" },
          { title: "PERSON", value: ({ name }) => name, widthMin: 8 },
          { title: "WHAT", value: ({ text }) => text, widthMin: 10 },
          { title: "EVERY", value: ({ every }) => every ?? "", importance: 2 },
        ],
        "No reminders wait.",
      );
    });
}
