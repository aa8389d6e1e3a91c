export type { DavServer } from "./dav/open-dav.ts";
export type { LookedPlace } from "./mail/look-at-mail.ts";
export type { MailServer } from "./mail/open-mailboxes.ts";
export { readMailServer } from "./mail/read-mail-server.ts";
export { wordOf, type LeftOutItem, type SourceItem } from "./source-item.ts";
