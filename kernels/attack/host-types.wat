;; Imports what the host gives by other types than it has: JavaScript takes any.
(module
  (import "wray" "log" (func $log (param i64)))
  (import "wray" "random" (func $random (result externref)))
  (import "wray" "progress" (func $progress (param funcref externref)))
  (import "wray" "free" (func $free (param f64 f64 f64) (result i32 i32)))
  (elem declare func $self)
  (func $self)
  (func (export "log") (call $log (i64.const 8)))
  (func (export "random") (drop (call $random)))
  (func (export "progress") (call $progress (ref.func $self) (ref.null extern)))
  (func (export "free") (call $free (f64.const nan) (f64.const 1) (f64.const 2)) (drop) (drop))
)
