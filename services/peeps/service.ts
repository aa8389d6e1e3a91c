/** peeps, the service: docs/peeps.md says what it is for. */
import { serveRows, type Service } from "@roost/service";
import { fileMessage } from "./consumers/file-message.ts";
import { peepsContract } from "./contract.ts";
import { movedTables } from "./moved-tables.ts";
import { serveAnswers } from "./operations/answers.ts";
import { serveBooks } from "./operations/books.ts";
import { serveDates } from "./operations/dates.ts";
import { serveFacts } from "./operations/facts.ts";
import { serveHandles } from "./operations/handles.ts";
import { serveIdentity } from "./operations/identity.ts";
import { serveMessages } from "./operations/messages.ts";
import { serveNotes } from "./operations/notes.ts";
import { servePeople } from "./operations/people.ts";
import { serveRecall } from "./operations/recall.ts";
import { serveReminders } from "./operations/reminders.ts";

export const service: Service = {
  contract: peepsContract,
  handlers: (context) => [
    ...servePeople(context),
    ...serveHandles(context),
    ...serveDates(context),
    ...serveNotes(context),
    ...serveReminders(context),
    ...serveIdentity(context),
    ...serveBooks(context),
    ...serveMessages(context),
    ...serveFacts(context),
    ...serveAnswers(context),
    ...serveRecall(context),
    ...serveRows(context, { schema: "svc_peeps", tables: movedTables }),
  ],
  consumers: [fileMessage],
  migrations: new URL("./migrations/", import.meta.url),
};
