// What one function may hold. The engine optimises a function that is called often, beside the task and after it, and
// nothing can interrupt that. Its time grows with the square of the loops, and it takes about 150 times the function's
// size in memory. Measured with V8 11.3, cpu time and memory of optimising one function: 1,000 loops 0.7 s and 50 MB,
// 10,000 loops 24 s and 1.1 GB; 1 MB of branches 0.4 s and 120 MB.

/** The largest function of SQLite, the interpreter of its byte code, has some 200 loops in 100 KB. */
export const mostLoops = 1_000;
/** As rewritten. */
export const mostFunctionBytes = 1024 * 1024;
