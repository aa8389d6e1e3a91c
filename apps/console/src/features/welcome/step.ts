/** A step of the first run. */
export interface StepProps {
  onDone: () => void;
}
