export function greet(name: string): string {
  return `hello, ${name}`;
}

export function length(text: string): i32 {
  return text.length;
}
