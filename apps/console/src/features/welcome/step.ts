/** A step of the first run. */
export interface StepProps {
  onDone: () => void;
  /** The processes start anew, and are not back yet: nothing can be sent. */
  isAway: boolean;
  /** Called before they do; `false` when they will not. */
  onRestart: (isRestarting: boolean) => void;
}
