import { chooseMailboxes, visitMailServer, type MailServer } from "./open-mailboxes.ts";

/** Whether a look would work: logs in and opens each mailbox for reading. @returns How many mails each has. @throws RoostError as lookAtMail does */
export async function tryMailboxes(
  server: MailServer,
  { mailboxes, signal }: { mailboxes: readonly string[]; signal: AbortSignal },
): Promise<{ name: string; count: number }[]> {
  return await visitMailServer(server, { signal }, async (client) => {
    const found: { name: string; count: number }[] = [];
    for (const name of await chooseMailboxes(client, mailboxes, { withSent: false })) {
      const { exists } = await client.mailboxOpen(name, { readOnly: true });
      found.push({ name, count: exists });
    }
    return found;
  });
}
