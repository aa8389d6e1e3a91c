/** A mailbox or a calendar that heartbeats look at, as a person declares it. */
import { SecretReference } from "@roost/contract/operations";
import { readMailServer } from "@roost/sources";
import { z } from "zod";
import { Duration } from "./duration.ts";

export const outsideSourcesMax = 20;

const Names = z.array(z.string().min(1).max(200)).max(20).default([]);

export const OutsideSource = z
  .strictObject({
    imap: z
      .string()
      .max(500)
      .superRefine((text, context) => {
        try {
          readMailServer(text);
        } catch (error) {
          context.addIssue({ code: "custom", message: (error as Error).message });
        }
      })
      .optional()
      .describe("A mail server: imaps://eva%40example.com@mail.example.com; imap:// begins with STARTTLS"),
    mailboxes: Names.describe("Of a mail server. Default: INBOX"),
    caldav: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("A calendar server"),
    user: z.string().min(1).max(255).optional().describe("Of a calendar server"),
    calendars: Names.describe("Of a calendar server, by their names. Default: all"),
    soon: Duration.refine((ms) => ms >= 60_000 && ms <= 604_800_000, "must be from 1m to 7d")
      .default(3_600_000)
      .describe("How long before an event begins a heartbeat hears of it. Default 1h"),
    secret: SecretReference.describe("Where the password is"),
    ca: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe("File with the certificates of a mail server of your own, PEM, from the home"),
  })
  .refine(({ imap, caldav }) => (imap === undefined) !== (caldav === undefined), "needs either imap or caldav")
  .refine(({ caldav, user }) => caldav === undefined || user !== undefined, "needs the user of its caldav");

export type OutsideSourceSettings = z.output<typeof OutsideSource>;
