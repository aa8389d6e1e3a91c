import styles from "./HeaderRefusal.module.css";

/** Why a button of a header was refused, in what room there is. */
export function HeaderRefusal({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span role="alert" className={styles.refusal} title={text}>
      {text}
    </span>
  );
}
