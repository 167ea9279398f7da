/** What is drawn, whatever it does. */
export type Scene = {
  env: string;
  seed: number;
  generations: number;
  /** How many parts the robot has that are alike, such as legs. */
  legs: number;
  /** Of each box half the width and half the height, in metres. */
  boxes: [halfWidth: number, halfHeight: number][];
  frameSeconds: number;
};

/** An episode of the best policy so far, to look at. */
export type Film = {
  /** The generation that the policy is of. */
  generation: number;
  /** How far forward it goes, in metres. */
  distance: number;
  /** Of each box x, y and angle, in metres and radians, one box after the other. */
  frames: number[][];
};

/** What a page shows of the trials that `learn` tells of: means over episodes without perturbation. */
export type TrialView = {
  generation: number;
  /** Since learning began. */
  seconds: number;
  /** Episodes that there were to learn from so far, and their steps. */
  episodes: number;
  steps: number;
  score: number;
  /** How far forward it went, in metres. */
  distance: number;
};

export type HostState = "starting" | "up" | "killed";

export type HostRow = {
  id: string;
  state: HostState;
  /** Tasks that it has and has not ended, as it says itself ten times a second. */
  inFlight: number;
  /** Those of them that wait for their turn. */
  queued: number;
  /** Tasks that it has ended. */
  tasksRun: number;
};

/** A host joined or died while something was learned. */
export type HostEvent = { seconds: number; id: string; kind: "joined" | "killed" };

export type Status = {
  /** `waiting`: there is no host that could go on. */
  phase: "starting" | "learning" | "waiting" | "done";
  seconds: number;
  /** How often a task was run again, since its host had died. */
  tasksRetried: number;
};

/** What the page is told, by topic; of each, only what is told last counts. */
export type Topics = {
  scene: Scene;
  film: Film;
  trials: TrialView[];
  events: HostEvent[];
  hosts: HostRow[];
  status: Status;
};
