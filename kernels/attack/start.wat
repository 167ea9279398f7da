;; Its start function never ends, so no kernel is ever reached.
(module
  (func $main (loop $again (br $again)))
  (start $main)
  (func (export "run") (result i32) (i32.const 1))
)
