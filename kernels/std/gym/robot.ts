import { Body } from "./body";
import { checkState, Env } from "./env";
import { GroundContact } from "./ground";
import { Joint } from "./joint";
import { Random } from "./random";
import { World } from "./world";

/** Steps of the world in one of the robot, and how long each is. */
const SMALL_STEPS: i32 = 4;
const SMALL_STEP: f64 = 0.005;

const TORSO_MASS: f64 = 10;
const TORSO_HEIGHT: f64 = 0.55;
const THIGH: f64 = 0.42;
const SHIN: f64 = 0.42;
const FOOT_HEIGHT: f64 = 0.07;

/** Of hip, knee and ankle: the limits, and what an action of 0 asks for and how far one of 1 is from that, in radians. */
const LOWER: StaticArray<f64> = [-0.8, -2.4, -0.9];
const UPPER: StaticArray<f64> = [1.6, 0, 0.7];
const REST: StaticArray<f64> = [0.25, -0.5, 0.25];
const RANGE: StaticArray<f64> = [0.8, 0.9, 0.6];

/** What each motor can do, in N·m, how fast it turns at most, in rad/s, and how fast for each radian that is missing. */
const MAX_TORQUE: f64 = 90;
const MAX_SPEED: f64 = 14;
const GAIN: f64 = 15;

/** Observed of the torso, and of each leg. */
const SHARED: i32 = 7;
const OF_LEG: i32 = 7;

/** How many strides in a second the clock tells. */
const STRIDES: f64 = 2;

/** It has fallen when the middle of its torso is lower than so much of what it is high, or leans by so many radians. */
const LOWEST: f64 = 0.65;
const MOST_LEANING: f64 = 0.7;

/** By how much the square of an action counts against what is reached. */
const EFFORT: f64 = 0.002;

/**
 * A torso on legs of a thigh, a shin and a foot each, with a motor in each hip, knee and ankle, that is to run to the
 * right. An action is the angle that each motor is to turn to, from -1 to 1; it has only so much torque, and is only so
 * fast. The reward of a step is how far forward the torso has come, in m, and how long it has not fallen, in s, less the
 * effort. An episode ends when the robot falls, and is broken off after 10 s.
 *
 * Legs are alike. The row of a leg has the height, angle and speeds of the torso; a clock, which is half a stride ahead
 * for the second leg; angle and speed of each of its joints, and whether its foot is on the ground; and the same of the
 * other leg. Numbers are scaled so that they are about as large as 1.
 */
@final
export class Robot extends Env {
  private readonly world: World;
  private readonly torso: Body;
  private readonly joints: Joint[];
  /** The two corners of each foot that are below. */
  private readonly soles: GroundContact[] = [];
  private readonly standing: f64;
  /** Since the beginning of the episode. */
  private seconds: f64 = 0;
  /** Where each body is in the beginning: x and y. */
  private readonly places: f64[] = [];

  constructor(private readonly legs: i32) {
    super(legs, SHARED + OF_LEG * legs, 3, 500, SMALL_STEPS * SMALL_STEP);
    const world = new World(SMALL_STEP);
    world.friction = 0.9;
    this.world = world;
    this.joints = world.joints;
    const ankle = FOOT_HEIGHT;
    const knee = ankle + SHIN;
    const hip = knee + THIGH;
    const standing = hip + 0.5 * TORSO_HEIGHT;
    this.standing = standing;
    this.torso = world.add(0, standing, 0, 0.11, 0.5 * TORSO_HEIGHT, TORSO_MASS);
    for (let leg = 0; leg < legs; leg++) {
      const thigh = world.add(0, knee + 0.5 * THIGH, 0, 0.06, 0.5 * THIGH, 3);
      const shin = world.add(0, ankle + 0.5 * SHIN, 0, 0.045, 0.5 * SHIN, 2);
      const foot = world.add(0.06, 0.5 * FOOT_HEIGHT, 0, 0.13, 0.5 * FOOT_HEIGHT, 1);
      world.join(this.torso, thigh, 0, hip, LOWER[0], UPPER[0]);
      world.join(thigh, shin, 0, knee, LOWER[1], UPPER[1]);
      world.join(shin, foot, 0, ankle, LOWER[2], UPPER[2]);
      const corner = world.corners.length - 4;
      this.soles.push(world.corners[corner]);
      this.soles.push(world.corners[corner + 1]);
    }
    for (let i = 0; i < world.joints.length; i++) world.joints[i].maxTorque = MAX_TORQUE;
    for (let i = 0; i < world.bodies.length; i++) {
      this.places.push(world.bodies[i].x);
      this.places.push(world.bodies[i].y);
    }
  }

  /** It stands, and is pushed a little. */
  reset(random: Random): void {
    const bodies = this.world.bodies;
    for (let i = 0; i < bodies.length; i++) {
      const body = bodies[i];
      body.place(this.places[2 * i], this.places[2 * i + 1], 0);
      body.vx = random.between(-0.1, 0.1);
      body.vy = 0;
      body.spin = random.between(-0.1, 0.1);
    }
    this.seconds = 0;
    this.world.forget();
    this.observe();
  }

  step(): f64 {
    const joints = this.joints;
    let effort: f64 = 0;
    for (let i = 0, count = joints.length; i < count; i++) {
      const joint = unchecked(joints[i]);
      const action = max<f64>(-1, min<f64>(1, unchecked(this.action[i])));
      const wanted = unchecked(REST[i % 3]) + unchecked(RANGE[i % 3]) * action;
      joint.speed = max<f64>(-MAX_SPEED, min<f64>(MAX_SPEED, GAIN * (wanted - joint.angle)));
      effort += action * action;
    }
    const from = this.torso.x;
    for (let i = 0; i < SMALL_STEPS; i++) this.world.step();
    this.seconds += this.stepSeconds;
    this.observe();
    return this.torso.x - from + this.stepSeconds - EFFORT * effort;
  }

  distance(): f64 {
    return this.torso.x;
  }

  /** What the clock says, in s, and of each body x, y, the angle and their speeds. */
  state(): Float64Array {
    const bodies = this.world.bodies;
    const state = new Float64Array(1 + 6 * bodies.length);
    state[0] = this.seconds;
    for (let i = 0; i < bodies.length; i++) {
      const body = bodies[i];
      state[6 * i + 1] = body.x;
      state[6 * i + 2] = body.y;
      state[6 * i + 3] = body.angle;
      state[6 * i + 4] = body.vx;
      state[6 * i + 5] = body.vy;
      state[6 * i + 6] = body.spin;
    }
    return state;
  }

  restore(state: Float64Array): void {
    const bodies = this.world.bodies;
    checkState(state, 1 + 6 * bodies.length);
    this.seconds = state[0];
    for (let i = 0; i < bodies.length; i++) {
      const body = bodies[i];
      body.place(state[6 * i + 1], state[6 * i + 2], state[6 * i + 3]);
      body.vx = state[6 * i + 4];
      body.vy = state[6 * i + 5];
      body.spin = state[6 * i + 6];
    }
    this.world.forget();
    this.observe();
  }

  sizes(): Float64Array {
    const bodies = this.world.bodies;
    const sizes = new Float64Array(2 * bodies.length);
    for (let i = 0; i < bodies.length; i++) {
      sizes[2 * i] = bodies[i].halfWidth;
      sizes[2 * i + 1] = bodies[i].halfHeight;
    }
    return sizes;
  }

  pose(): Float64Array {
    const bodies = this.world.bodies;
    const pose = new Float64Array(3 * bodies.length);
    for (let i = 0; i < bodies.length; i++) {
      pose[3 * i] = bodies[i].x;
      pose[3 * i + 1] = bodies[i].y;
      pose[3 * i + 2] = bodies[i].angle;
    }
    return pose;
  }

  private observe(): void {
    const observation = this.observation;
    const torso = this.torso;
    let next = 0;
    for (let leg = 0; leg < this.legs; leg++) {
      unchecked((observation[next] = 4 * (torso.y - this.standing)));
      unchecked((observation[next + 1] = 2 * torso.angle));
      unchecked((observation[next + 2] = 0.3 * torso.vx));
      unchecked((observation[next + 3] = 0.5 * torso.vy));
      unchecked((observation[next + 4] = 0.2 * torso.spin));
      const phase = 2 * Math.PI * STRIDES * this.seconds + Math.PI * leg;
      unchecked((observation[next + 5] = Math.sin(phase)));
      unchecked((observation[next + 6] = Math.cos(phase)));
      next += SHARED;
      for (let other = 0; other < this.legs; other++) {
        this.observeLeg(other == 0 ? leg : 1 - leg, next);
        next += OF_LEG;
      }
    }
    // This is so, too, when it is no number any more.
    this.ended = !(torso.y > LOWEST * this.standing && Math.abs(torso.angle) < MOST_LEANING);
  }

  private observeLeg(leg: i32, at: i32): void {
    const observation = this.observation;
    for (let i = 0; i < 3; i++) {
      const joint = unchecked(this.joints[3 * leg + i]);
      unchecked((observation[at + 2 * i] = joint.angle));
      unchecked((observation[at + 2 * i + 1] = 0.1 * joint.rate));
    }
    const pressed = unchecked(this.soles[2 * leg]).normal + unchecked(this.soles[2 * leg + 1]).normal;
    unchecked((observation[at + 6] = pressed > 0 ? 1 : 0));
  }
}
