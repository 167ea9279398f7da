;; Waits, on a memory that could be shared, for someone who will never come.
(module
  (memory 1 4 shared)
  (func (export "wait32") (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
  (func (export "wait64") (result i32)
    (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const -1)))
  (func (export "wait_in_turns")
    (loop $again
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000000000)))
      (br $again)))
)
