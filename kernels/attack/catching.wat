;; Exceptions: caught, so that whatever is thrown to stop a task would be swallowed, and thrown to the host.
(module
  (tag $own (param i32))

  (func $spin (loop $again (br $again)))

  (func (export "swallow")
    (loop $again
      (try (do (call $spin)) (catch_all))
      (br $again)))

  (func (export "swallow_here")
    (loop $again
      (try (do (loop $inner (br $inner))) (catch_all (br $again)))
      (br $again)))

  (func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))

  ;; Goes on after its stack has overflown, again and again.
  (func (export "swallow_overflow")
    (loop $again
      (try (do (drop (call $deeper))) (catch_all))
      (br $again)))

  ;; At each level of the stack, once what is above it has overflown, it goes deeper again: 2^depth calls.
  (func $unwind (export "swallow_each_level")
    (try (do (call $unwind)) (catch_all))
    (try (do (call $unwind)) (catch_all)))

  (func (export "throw") (throw $own (i32.const 7)))
)
