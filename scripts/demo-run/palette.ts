/** The colours of the page and of the pictures. */
export const palette = {
  background: "#0d1117",
  panel: "#161b22",
  line: "#2d333b",
  text: "#e6edf3",
  dim: "#8b949e",
  accent: "#4cc2ff",
  near: "#7ee2a8",
  far: "#3b7d62",
  joined: "#7ee2a8",
  killed: "#ff7b72",
} as const;

export const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
