/** Conversations: their list, and the one that is open. */
import { useState } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { IconButton } from "../../parts/IconButton.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { ConversationView } from "./ConversationView.tsx";
import { SessionList } from "./SessionList.tsx";
import { SessionSheet } from "./SessionSheet.tsx";
import styles from "./ChatScreen.module.css";

export function ChatScreen() {
  const { sessionKey: given } = useParams<{ sessionKey?: string | undefined }>();
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const { client } = useConsole();
  const [isListOpen, setListOpen] = useState(false);
  const agent = search.get("agent") ?? undefined;
  const sessionKey = given ?? (agent === undefined ? "main" : undefined);
  const begin = (with_?: string) => {
    const wanted = with_ === undefined ? {} : { agent: with_ };
    void client.createSession(wanted).then(({ session }) => go(`/chat/${encodeURIComponent(session.key)}`));
  };
  return (
    <>
      <ScreenHeader title={sessionKey ?? "New conversation"} sub={<SessionSub sessionKey={sessionKey} agent={agent} />}>
        <span className={styles.phone}>
          <IconButton icon="messages-square" label="Conversations" onClick={() => setListOpen(true)} />
        </span>
        <IconButton icon="plus" label="New conversation" onClick={() => begin()} />
      </ScreenHeader>
      <div className={styles.columns}>
        <aside className={styles.side} aria-label="Conversations">
          <SessionList current={sessionKey} onBegin={begin} />
        </aside>
        {sessionKey === undefined ? (
          <BeginWith agent={agent ?? "main"} onBegin={() => begin(agent)} />
        ) : (
          <ConversationView key={sessionKey} sessionKey={sessionKey} />
        )}
      </div>
      {isListOpen && <SessionSheet current={sessionKey} onBegin={begin} onClose={() => setListOpen(false)} />}
    </>
  );
}

function SessionSub({ sessionKey, agent }: { sessionKey: string | undefined; agent: string | undefined }) {
  if (sessionKey === "main") return "your own conversation";
  return agent === undefined ? "" : `with ${agent}`;
}

function BeginWith({ agent, onBegin }: { agent: string; onBegin: () => void }) {
  return (
    <div className={styles.begin}>
      <p>A new conversation with {agent}</p>
      <button type="button" onClick={onBegin}>
        Begin
      </button>
    </div>
  );
}
