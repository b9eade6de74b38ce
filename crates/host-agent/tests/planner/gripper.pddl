; A robot carries balls from room to room, one at a time.
(define (domain gripper)
  (:requirements :strips :typing)
  (:types room ball)
  (:predicates
    (robot-in ?room - room)
    (at ?ball - ball ?room - room)
    (carries ?ball - ball)
    (free))
  (:action move
    :parameters (?from ?to - room)
    :precondition (robot-in ?from)
    :effect (and (robot-in ?to) (not (robot-in ?from))))
  (:action pick
    :parameters (?ball - ball ?room - room)
    :precondition (and (at ?ball ?room) (robot-in ?room) (free))
    :effect (and (carries ?ball) (not (at ?ball ?room)) (not (free))))
  (:action drop
    :parameters (?ball - ball ?room - room)
    :precondition (and (carries ?ball) (robot-in ?room))
    :effect (and (at ?ball ?room) (free) (not (carries ?ball)))))
