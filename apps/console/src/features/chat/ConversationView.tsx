/** One conversation: what was said, what is being said, and where one writes. Follows only a reader who is at the end. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useConsole } from "../../live/console-context.ts";
import { Blank, Failure, Skeleton } from "../../parts/Blank.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { tellStep } from "../../parts/tell-step.ts";
import { Region } from "../../parts/Region.tsx";
import { Composer } from "./Composer.tsx";
import { createConversation, type Conversation } from "./create-conversation.ts";
import { foldConversation } from "./fold-conversation.ts";
import { Markdown } from "./Markdown.tsx";
import { SaidView } from "./SaidView.tsx";
import { WhySheet } from "./WhySheet.tsx";
import styles from "./ConversationView.module.css";

export function ConversationView({ sessionKey }: { sessionKey: string }) {
  const conversation = useConversation(sessionKey);
  const view = useSyncExternalStore(conversation.subscribe, conversation.view);
  const said = useMemo(() => foldConversation(view.messages), [view.messages]);
  const [edited, setEdited] = useState<{ seq: number; text: string }>();
  const [whyRun, setWhyRun] = useState<string>();
  const send = useSend(sessionKey, conversation);
  const { client } = useConsole();
  const { box, isAtEnd, toEnd } = useFollow(view);
  const stop = () => {
    if (view.active !== undefined)
      void client.cancelRun({ runId: view.active.runId, reason: "stopped on the console" });
  };
  const onEdit = useCallback((seq: number, text: string) => setEdited({ seq, text }), []);
  return (
    <div className={styles.conversation}>
      <Region label="Conversation" ref={box} className={styles.scroll}>
        <div className={styles.said}>
          {view.older !== null && (
            <button type="button" className={styles.older} onClick={() => void conversation.readOlder()}>
              Earlier messages
            </button>
          )}
          {!view.isRead && <Skeleton label="Reading the conversation" rows={5} rowPx={52} />}
          {view.error !== undefined && (
            <Failure what="The conversation" error={view.error} onRetry={() => void conversation.reload()} />
          )}
          {view.isRead && view.error === undefined && said.length === 0 && (
            <Blank icon="messages-square" title="Nothing was said yet">
              Ask for something, or say what is on your mind.
            </Blank>
          )}
          {said.map((entry) => (
            <SaidView key={keyOf(entry)} said={entry} onEdit={onEdit} onWhy={setWhyRun} />
          ))}
          {[...view.writing].map(([runId, text]) => (
            <article key={runId} className={styles.writing} aria-label="Agent, writing">
              <Markdown text={text} isWriting />
            </article>
          ))}
          <p className={styles.doing} role="status">
            {view.active !== undefined && view.writing.size === 0 && (
              <>
                <i aria-hidden="true" />{" "}
                {view.remark ?? (view.active.step === undefined ? "about to start" : tellStep(view.active.step))}
              </>
            )}
          </p>
          {view.failure !== undefined && (
            <p className={`callout ${styles.failure}`} data-tone="bad" role="alert">
              <Icon name="triangle-alert" size={14} />
              <span>
                {view.failure.text}{" "}
                <button type="button" onClick={() => setWhyRun(view.failure?.runId)}>
                  Look
                </button>
              </span>
            </p>
          )}
        </div>
      </Region>
      {!isAtEnd && (
        <button type="button" className={styles.end} onClick={toEnd} aria-label="To the end">
          <Icon name="arrow-down" size={16} />
        </button>
      )}
      <Composer
        to={view.session?.agent ?? "main"}
        edited={edited?.text}
        onCancelEdit={() => setEdited(undefined)}
        isActive={view.active !== undefined}
        onStop={stop}
        onSend={async (text, files) => {
          await send(text, files, edited?.seq);
          setEdited(undefined);
          toEnd();
        }}
      />
      {whyRun !== undefined && <WhySheet runId={whyRun} onClose={() => setWhyRun(undefined)} />}
    </div>
  );
}

function keyOf(entry: ReturnType<typeof foldConversation>[number]): string {
  return entry.kind === "taken-back" ? `back:${entry.messages[0]?.id ?? ""}` : entry.message.id;
}

/** Opened while it is on the screen and the page is seen. */
function useConversation(sessionKey: string): Conversation {
  const { client, live } = useConsole();
  const conversation = useMemo(
    () => createConversation({ client, live, sessionKey, schedule: (tell) => void requestAnimationFrame(tell) }),
    [client, live, sessionKey],
  );
  useEffect(() => {
    let opened = new AbortController();
    const turn = () => {
      opened.abort();
      opened = new AbortController();
      if (document.visibilityState === "visible") conversation.open(opened.signal);
    };
    turn();
    document.addEventListener("visibilitychange", turn);
    return () => {
      document.removeEventListener("visibilitychange", turn);
      opened.abort();
    };
  }, [conversation]);
  return conversation;
}

/** Files go first; then the message that names them. Written anew, it first takes back its old self. */
function useSend(sessionKey: string, conversation: Conversation) {
  const { client } = useConsole();
  return async (text: string, files: readonly File[], rewindTo: number | undefined) => {
    const parts = await Promise.all(
      files.map(async (file) => {
        const bytes = new Uint8Array(await file.arrayBuffer());
        const mediaType = file.type === "" ? "application/octet-stream" : file.type;
        const { part } = await client.uploadPart({ name: file.name.slice(0, 200), content: { bytes, mediaType } });
        return { sha256: part.sha256 ?? "", name: file.name.slice(0, 200) };
      }),
    );
    if (rewindTo !== undefined) await client.rewindSession({ sessionKey, toSeq: rewindTo });
    const named = parts.length === 0 ? {} : { parts };
    await client.sendMessage({ sessionKey, text, ...named, source: "console", idempotencyKey: crypto.randomUUID() });
    await conversation.reload();
  };
}

const nearPx = 80;

function useFollow(view: unknown) {
  const box = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const onScroll = () => {
      const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
      isFollowing.current = isNear;
      setAtEnd(isNear);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    if (isFollowing.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [view]);
  const toEnd = () => {
    isFollowing.current = true;
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  };
  return { box, isAtEnd, toEnd };
}
