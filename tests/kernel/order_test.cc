#include "lab/kernel/test/order.h"

#include <gtest/gtest.h>

#include "lab/litmus/parse/parse.h"

namespace lab::kernel {
namespace {

bool is_ordered(const std::string& processes) {
  const auto test =
      litmus::parse("litmus t\n\"A test.\"\npage x = 1\n" + processes + "exists P:x = 1\n");
  EXPECT_TRUE(test.has_value());
  return ordered(*judge::plan(*test));
}

TEST(Order, LabelsPutTheStatementsOfTwoProcessesInOrder) {
  EXPECT_TRUE(
      is_ordered("process P {\n fork C\n write x 2\n signal done\n}\n"
                 "process C from P {\n wait done\n read x -> r\n}\n"));
}

TEST(Order, WithoutALabelChanceDecides) {
  EXPECT_FALSE(
      is_ordered("process P {\n fork C\n write x 2\n}\n"
                 "process C from P {\n read x -> r\n}\n"));
}

TEST(Order, WhatComesBeforeAForkComesBeforeTheChild) {
  EXPECT_TRUE(
      is_ordered("process P {\n write x 2\n fork C\n}\n"
                 "process C from P {\n write x 3\n}\n"));
}

TEST(Order, TheEndOfAProcessOrdersWhatWaitsForIt) {
  EXPECT_TRUE(
      is_ordered("process P {\n fork C\n wait C.exit\n write x 2\n}\n"
                 "process C from P {\n write x 3\n exit\n}\n"));
}

TEST(Order, ALabelThatTwoThreadsSignalOrdersNothing) {
  EXPECT_FALSE(
      is_ordered("process P {\n thread a { \n write x 2\n signal l\n }\n"
                 " thread b {\n signal l\n }\n thread c {\n wait l\n write x 3\n }\n}\n"));
}

TEST(Order, ReachesThroughALineThatOnlyPassesItOn) {
  EXPECT_TRUE(
      is_ordered("process P {\n thread a {\n write x 2\n signal l\n }\n"
                 " thread b {\n wait l\n signal m\n }\n"
                 " thread c {\n wait m\n write x 3\n }\n}\n"));
}

TEST(Order, TwoLooksNeedNone) {
  const std::string begin = "process P {\n p = get x\n fork C\n signal t\n ";
  const std::string child = "\n}\nprocess C from P {\n wait t\n ";
  EXPECT_TRUE(is_ordered(begin + "peek p -> r" + child + "peek p -> r\n}\n"));
  EXPECT_FALSE(is_ordered(begin + "peek p -> r" + child + "write x 3\n}\n"));
  EXPECT_FALSE(is_ordered(begin + "write x 2" + child + "peek p -> r\n}\n"));
}

TEST(Order, OfLongRepetitionsIsFoundSoonEnough) {
  const std::string often = " repeat 200 {\n repeat 200 {\n write x 2\n }\n }\n";
  EXPECT_TRUE(
      is_ordered("process P {\n" + often + " fork C\n}\nprocess C from P {\n" + often + "}\n"));
  EXPECT_FALSE(
      is_ordered("process P {\n fork C\n" + often + "}\nprocess C from P {\n" + often + "}\n"));
}

}  // namespace
}  // namespace lab::kernel
