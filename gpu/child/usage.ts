/** The flags of WebGPU, whose numbers its specification fixes. */
export const usage = {
  MAP_READ: 0x1,
  MAP_WRITE: 0x2,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
} as const;
export const mapRead = 0x1;
export const mapWrite = 0x2;
export const computeStage = 0x4;
